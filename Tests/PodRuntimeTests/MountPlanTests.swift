import CLinux
import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite struct MountPlanTests {
    private func configuration(
        _ mounts: [(String, String)], privileged: Bool = false, propagation: ContainerConfiguration.Propagation = .private
    ) -> ContainerConfiguration {
        ContainerConfiguration(
            id: "c", name: "c", role: .regular, restartCount: 0, image: "i", imageID: "i", lowerDirectories: ["/l"],
            process: ContainerConfiguration.Process(
                args: ["x"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
                seccomp: .unconfined),
            mounts: mounts.map { ContainerConfiguration.Mount(source: $0.0, destination: $0.1, readOnly: true, propagation: propagation) },
            readOnlyRootFilesystem: false,
            privileged: privileged, maskedPaths: [], readonlyPaths: [], resources: CgroupResources(),
            log: ContainerConfiguration.Log(path: "/l/0.log"))
    }

    private static let defaults = ["/proc", "/dev", "/sys", "/dev/pts", "/dev/mqueue", "/dev/shm", "/sys/fs/cgroup"]

    @Test("parents are mounted before their children") func parentsComeBeforeChildren() throws {
        let plan = try MountPlan(configuration([("/a", "/x/y/z"), ("/b", "/x"), ("/c", "x/y/")]), sharedMemory: "/s")
        #expect(
            plan.entries.map(\.destination) == [
                "/proc", "/dev", "/sys", "/x", "/dev/pts", "/dev/mqueue", "/dev/shm", "/x/y", "/sys/fs/cgroup", "/x/y/z",
            ])
    }

    @Test("volumes of a pod with ids of its own are shifted, unless their owners are the pod's ids already")
    func shiftedVolumes() throws {
        var configuration = configuration([("/a", "/a")])
        configuration.mounts.append(.init(source: "/image", destination: "/b", readOnly: true, isShifted: true))
        for (user, wanted) in [(SandboxConfiguration.NamespaceMode.pod, [true, false]), (.node, [false, false])] {
            let plan = try MountPlan(configuration, sharedMemory: "/s", user: user)
            let own = plan.entries.filter { ["/a", "/b"].contains($0.destination) }
            #expect(own.map { $0.attributes & UInt32(SWL_ATTR_IDMAPPED) != 0 } == wanted)
        }
    }

    @Test("the pod's mounts replace the runtime's own") func thePodsMountsTakeThePlaceOfTheRuntimes() throws {
        let plan = try MountPlan(configuration([("/host/dev", "/dev"), ("/memory", "//dev/./shm/")]), sharedMemory: "/s")
        #expect(Set(plan.entries.map(\.destination)) == Set(Self.defaults).subtracting(["/dev/pts", "/dev/mqueue"]))
        #expect(plan.entries.first { $0.destination == "/dev/shm" }?.source?.path == "/memory")
        #expect(plan.entries.first { $0.destination == "/dev" }?.source?.path == "/host/dev")
    }

    @Test("a /dev of the pod's own is left alone") func aDevOfThePodsIsLeftAsItIs() throws {
        let own = try MountPlan(configuration([("/host/dev", "/dev/")]), sharedMemory: "/s")
        #expect(own.entries.map(\.destination) == ["/proc", "/sys", "/dev", "/dev/shm", "/sys/fs/cgroup"])
        let other = try MountPlan(configuration([("/d", "/device"), ("/d", "/dev/kvm"), ("/d", "/host/dev")]), sharedMemory: "/s")
        #expect(Set(other.entries.map(\.destination)).isSuperset(of: Self.defaults))
    }

    @Test(
        "the runtime's own mounts do not propagate to the node",
        arguments: [("/dev", ["/proc", "/sys", "/sys/fs/cgroup"]), ("/sys", ["/proc", "/dev", "/dev/pts", "/dev/mqueue", "/dev/shm"])])
    func nothingOfTheRuntimesIsPassedOnToTheNode(volume: String, kept: [String]) throws {
        let plan = try MountPlan(configuration([("/host", volume)], propagation: .bidirectional), sharedMemory: "/s")
        #expect(Set(plan.entries.map(\.destination)) == Set(kept + [volume]))
    }

    @Test("only privileged containers may write to /sys") func onlyPrivilegedContainersMayWriteToSys() throws {
        for privileged in [true, false] {
            let plan = try MountPlan(configuration([], privileged: privileged), sharedMemory: "/s")
            for entry in plan.entries where entry.destination.hasPrefix("/sys") {
                #expect((entry.attributes & UInt32(SWL_ATTR_READONLY) == 0) == privileged)
            }
        }
    }

    @Test("bad destinations are refused", arguments: ["/", "", ".", "/a/../b", "/a\0b"]) func badDestinationsAreRefused(destination: String) {
        #expect(throws: RuntimeFailure.self) { try MountPlan(configuration([("/a", destination)]), sharedMemory: "/s") }
    }

    @Test("no mount may cover /proc", arguments: ["/proc", "/proc/", "/proc/self", "/proc/sys/kernel", "proc/./1/attr"])
    func nothingCoversProc(destination: String) {
        #expect(throws: RuntimeFailure.self) { try MountPlan(configuration([("/a", destination)]), sharedMemory: "/s") }
    }

    @Test("files below /proc that only show figures may be replaced", arguments: ["/proc/meminfo", "/proc/cpuinfo", "/process", "/host/proc"])
    func figuresMayBeReplaced(destination: String) throws {
        let plan = try MountPlan(configuration([("/a", destination)]), sharedMemory: "/s")
        #expect(plan.entries.contains { $0.destination == destination })
    }

    @Test("sources are numbered in the order of their mounts") func sourcesAreNumberedInTheOrderOfTheirMounts() throws {
        let plan = try MountPlan(configuration([("/b", "/x/y"), ("/a", "/x")]), sharedMemory: "/s")
        var writer = WireWriter(kind: SWL_KIND_LAUNCH)
        plan.append(to: &writer)
        let numbers = try WireReader.record(writer.finished()).fields.compactMap { $0.layout(swl_mount.self, exact: false) }
            .filter { $0.type == SWL_MOUNT_BIND.rawValue }.map(\.source)
        #expect(numbers == [0, 1, 2])
        #expect(plan.entries.compactMap(\.source?.path) == ["/a", "/s", "/b"])
    }

    @Test(
        "a pod's cgroup follows from its class and uid",
        arguments: [
            ("Guaranteed", "kubepods/podu"), ("Burstable", "kubepods/burstable/podu"), ("BestEffort", "kubepods/besteffort/podu"),
        ]) func podsHaveTheirPlaceInTheTree(qosClass: String, name: String)
    {
        let pod = PodIdentity(namespace: "n", name: "p", uid: "u")
        #expect(PodCgroup.name(of: SandboxConfiguration(id: "s", pod: pod, attempt: 0, hostname: "h", qosClass: qosClass)) == name)
    }

    @Test(
        "a volume that passes mounts on lies on a mount that does", .enabled(if: isRoot, "needs root"),
        arguments: [
            (MS_PRIVATE, ["found", "not a shared mount", "not a shared or slave mount"]), (MS_SHARED, ["found", "found", "found"]),
            (MS_SLAVE, ["found", "not a shared mount", "found"]),
        ] as [(Int, [String])])
    func propagation(kind: Int, results: [String]) throws {
        let folder = try TemporaryFolder()
        let (peer, path) = (folder.sub("peer"), folder.sub("volume"))
        try Directories.make(peer)
        try Directories.make(path)
        try Mounts.tmpfs(at: peer)
        defer { for mount in [path, peer] { try? Mounts.unmount(mount) } }
        try Mounts.setPropagation(UInt64(MS_SHARED), at: peer)
        try Mounts.bind(peer, to: path)
        try Mounts.setPropagation(UInt64(kind), at: path)
        try Directories.make(path + "/deep")
        for (propagation, result) in zip([ContainerConfiguration.Propagation.private, .bidirectional, .hostToContainer], results) {
            let plan = try MountPlan(configuration([(path + "/deep", "/v")], propagation: propagation), sharedMemory: folder.path)
            if result == "found" {
                #expect(try plan.bound.map { try $0.open() }.count == 2)
            } else {
                let failure = #expect(throws: RuntimeFailure.self) { _ = try plan.bound.map { try $0.open() } }
                #expect(
                    failure?.message.hasPrefix("path \"\(path)/deep\" is mounted on \"\(path)\" but it is \(result): ") == true,
                    "\(failure?.message ?? "")")
            }
        }
    }
}
