import CLinux
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite struct RecordTests {
    private func configuration(_ change: (inout ContainerConfiguration) -> Void = { _ in }) -> ContainerConfiguration {
        var configuration = ContainerConfiguration(
            id: "c", name: "c", role: .regular, restartCount: 0, image: "i", imageID: "i", lowerDirectories: ["/l"],
            process: ContainerConfiguration.Process(
                args: ["x"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
                seccomp: .unconfined),
            mounts: [ContainerConfiguration.Mount(source: "/v", destination: "/v", readOnly: false)], readOnlyRootFilesystem: false,
            privileged: false, maskedPaths: ["/proc/kcore"], readonlyPaths: [], resources: CgroupResources(),
            log: ContainerConfiguration.Log(path: "/l/0.log"))
        change(&configuration)
        return configuration
    }

    private func launch(
        _ user: SandboxConfiguration.NamespaceMode, appArmor: String? = nil, _ change: (inout ContainerConfiguration) -> Void = { _ in }
    ) throws -> [WireField] {
        let configuration = configuration(change)
        let plan = try MountPlan(configuration, sharedMemory: "/s", user: user)
        let record = try LaunchRecord.encode(
            configuration, paths: ContainerPaths(directory: "/d", layer: "/y"), mounts: plan, filter: .unconfined, appArmor: appArmor,
            pid: .container,
            user: user, availableCapabilities: .max)
        return try WireReader.record(record).fields
    }

    private func sandbox(
        ids: IDMapping?, network: SandboxConfiguration.NamespaceMode = .pod, sysctls: [String: String] = [:]
    ) throws -> [WireField] {
        let configuration = SandboxConfiguration(
            id: "s", pod: PodIdentity(namespace: "n", name: "p", uid: "u"), attempt: 0, hostname: "h", network: network,
            user: ids == nil ? .node : .pod, sysctls: sysctls, qosClass: "BestEffort")
        return try WireReader.record(SandboxRecord.encode(configuration, ids: ids, pauseProgram: "/p")).fields
    }

    @Test("a container for debugging shares the process ids of its target") func target() throws {
        let fields = try launch(.node) { $0.targetContainerID = "t" }
        let namespaces = fields.filter { $0.tag == SWL_TAG_NAMESPACES.rawValue }.compactMap { $0.layout(swl_namespaces.self) }
        #expect(namespaces.map(\.pid) == [SWL_NS_TARGET.rawValue])
        #expect(fields.first { $0.tag == SWL_TAG_PID_TARGET.rawValue }?.payload.prefix(1) == [UInt8(ascii: "t")])
        #expect(try !launch(.node).contains { $0.tag == SWL_TAG_PID_TARGET.rawValue })
    }

    @Test("a pod with a user namespace has its ids mapped and its volumes shifted") func aPodWithIDsOfItsOwnGetsThemMappedAndItsVolumesShifted()
        throws
    {
        let sandbox = try sandbox(ids: IDMapping(first: 131072))
        #expect(sandbox.compactMap { $0.layout(swl_namespaces.self) }.first?.user == SWL_NS_NEW.rawValue)
        for tag in [SWL_TAG_UID_MAPPING, SWL_TAG_GID_MAPPING] {
            let mappings = sandbox.filter { $0.tag == tag.rawValue }.compactMap { $0.layout(swl_id_mapping.self) }
            #expect(mappings.map(\.container_id) == [0] && mappings.map(\.host_id) == [131072] && mappings.map(\.size) == [65536])
        }
        for user in [SandboxConfiguration.NamespaceMode.pod, .node] {
            let fields = try launch(user)
            let namespaces = fields.filter { $0.tag == SWL_TAG_NAMESPACES.rawValue }.compactMap { $0.layout(swl_namespaces.self) }
            #expect(namespaces.map(\.user) == [(user == .pod ? SWL_NS_SANDBOX : SWL_NS_HOST).rawValue])
            let binds = fields.compactMap { $0.layout(swl_mount.self, exact: false) }.filter { $0.type == SWL_MOUNT_BIND.rawValue }
            // The volume; /dev/shm has the pod's ids already.
            #expect(binds.map { $0.attributes & UInt32(SWL_ATTR_IDMAPPED) != 0 } == [user == .pod, false])
        }
    }

    @Test("a pod without a user namespace has no mapping") func withoutThemNothingIsMapped() throws {
        let fields = try sandbox(ids: nil)
        #expect(!fields.contains { $0.tag == SWL_TAG_UID_MAPPING.rawValue || $0.tag == SWL_TAG_GID_MAPPING.rawValue })
    }

    @Test("in the pod's own network every user may bind any port") func aNetworkOfItsOwnIsOpenToEveryUser() throws {
        let ports = "net.ipv4.ip_unprivileged_port_start"
        let groups = "net.ipv4.ping_group_range"
        func sysctls(_ fields: [WireField]) -> [String] {
            fields.filter { $0.tag == SWL_TAG_SYSCTL.rawValue }.map { String(decoding: $0.tail(after: swl_sysctl.self), as: UTF8.self) }
        }
        #expect(try sysctls(sandbox(ids: nil)) == [ports + "0", groups + "0 2147483647"])
        #expect(try sysctls(sandbox(ids: IDMapping(first: 131072))) == [ports + "0"])
        #expect(try sysctls(sandbox(ids: nil, network: .node)) == [])
        // The last one wins.
        #expect(try sysctls(sandbox(ids: nil, sysctls: [ports: "80"])) == [ports + "0", groups + "0 2147483647", ports + "80"])
    }

    @Test("counters of thermal throttling are masked where they exist") func countersOfHeatAreMaskedWhereTheyAre() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        for name in ["cpu0/thermal_throttle", "cpu1", "cpu10/thermal_throttle", "other/thermal_throttle"] {
            try Directories.make("\(folder.path)/\(name)")
        }
        #expect(
            HostMaskedPaths.thermalThrottle(processors: folder.path) == ["cpu0", "cpu10"].map { "\(folder.path)/\($0)/thermal_throttle" })
    }

    @Test("a shim without AppArmor must refuse a profile") func aShimThatKnowsNoAppArmorMustRefuse() throws {
        let field = try #require(try launch(.node, appArmor: "p").first { $0.tag == SWL_TAG_PROCESS_APPARMOR_PROFILE.rawValue })
        #expect(field.flags & UInt16(SWL_FIELD_MUST_UNDERSTAND) != 0)
        #expect(field.string == "p")
        let without = try launch(.node)
        #expect(!without.contains { $0.tag == SWL_TAG_PROCESS_APPARMOR_PROFILE.rawValue })
    }
}
