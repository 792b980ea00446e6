import Glibc
import KubeModel
import LinuxCgroups
import LinuxSystem
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite struct LevelWeightTests {
    private static let controllers = "cpu memory pids\n"

    /// A plain directory with the files of a cgroup.
    private func tree(_ folder: TemporaryFolder, levels: [String]) throws -> CgroupTree {
        try AtomicFile.replace(folder.path + "/cgroup.controllers", with: Self.controllers)
        for level in levels {
            try Directories.make(folder.path + "/" + level)
            try AtomicFile.replace(folder.path + "/" + level + "/cpu.weight", with: "")
        }
        return try CgroupTree(root: folder.path, hugepageSizes: [])
    }

    @Test("a level weighs as much as its pods request") func levelsWeighWhatTheirPodsAskFor() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let tree = try tree(folder, levels: [PodCgroup.burstable, PodCgroup.bestEffort])
        let weights = LevelWeights(tree: tree)
        try weights.update { 2000 }
        #expect(try SmallFile.text(folder.path + "/kubepods/burstable/cpu.weight") == "174")
        #expect(try SmallFile.text(folder.path + "/kubepods/besteffort/cpu.weight") == "1")
    }

    /// A failure does not end all later turns.
    @Test("a failed update of the weights does not block the next") func aFailureIsThrownAndOver() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let weights = LevelWeights(tree: try tree(folder, levels: [PodCgroup.burstable]))
        let file = folder.path + "/kubepods/burstable/cpu.weight"
        try TreeRemoval.remove(file)
        #expect(throws: CgroupError.self) { try weights.update { 1000 } }
        try AtomicFile.replace(file, with: "")
        try weights.update { 1000 }
        #expect(try SmallFile.text(file) == "100")
    }

    private final class Cores: Sendable {
        let number = Atomic<Int64>(0)
    }

    /// A request that arrives during a write is taken into the next write: the last sum wins.
    @Test("the last sum of requests wins") func theLastSumWins() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let weights = LevelWeights(tree: try tree(folder, levels: [PodCgroup.burstable]))
        let cores = Cores()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    cores.number.add(1, ordering: .sequentiallyConsistent)
                    try weights.update { cores.number.load(ordering: .sequentiallyConsistent) * 1000 }
                }
            }
            try await group.waitForAll()
        }
        let file = try SmallFile.text(folder.path + "/kubepods/burstable/cpu.weight")
        #expect(file == String(CPUController.weight(milliCPU: 200_000)))
    }
}

@Suite struct PauseCgroupTests {
    @Test("the pause process has no swap") func thePauseHasNoSwap() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        var place = folder.path
        for part in ["", "/kubepods", "/burstable", "/pod1", "/s1"] {
            place += part
            try Directories.make(place)
            for file in ["cgroup.controllers", "cgroup.subtree_control"] { try AtomicFile.replace("\(place)/\(file)", with: "cpu memory pids\n") }
        }
        for file in ["memory.max", "memory.swap.max"] { try AtomicFile.replace("\(place)/\(file)", with: "max") }
        let pod = try CgroupTree(root: folder.path, hugepageSizes: []).cgroup("kubepods/burstable/pod1")
        #expect(try PodCgroup.makePause(of: "s1", below: pod).path == place)
        // A plain file keeps what is longer.
        #expect(try SmallFile.text(place + "/memory.swap.max").hasPrefix("0"))
        #expect(try SmallFile.text(place + "/memory.max") == "max")
    }
}

@Suite(.enabled(if: RuntimeFixture.isPossible, "needs root, a cgroup2 mount, busybox and the shim's programs"))
struct ResourceTests {
    @Test("changed limits are recorded and read back") func changesAreRememberedAndReadBack() async throws {
        try await RuntimeFixture.with { fixture in
            let runtime = fixture.runtime
            let sandbox = fixture.sandbox()
            let created = try await runtime.createSandbox(sandbox)
            let container = fixture.container(["sleep", "1000"])
            _ = try await runtime.startContainer(container, inSandbox: created.id)
            var wanted = CgroupResources(cpuRequest: 100, cpuLimit: 500, memoryLimit: 1 << 30, swapLimit: 0, cpuPeriod: 100_000, killsTogether: true)
            let missing = try await runtime.update(container: container.id, inSandbox: created.id, resources: wanted)
            var effective = try await runtime.resources(ofContainer: container.id, inSandbox: created.id)
            #expect(effective.resources == wanted && effective.notEnforced == missing)
            wanted.memoryLimit = 2 << 30
            wanted.killsTogether = false
            _ = try await runtime.update(sandbox: created.id, resources: wanted)
            effective = try await runtime.resources(ofSandbox: created.id)
            #expect(effective.resources == wanted)

            // As after a crash of the agent.
            try fixture.restart()
            let found = try #require(try await fixture.runtime.recover().first)
            #expect(found.configuration.resources == wanted)
            #expect(found.containers.first?.configuration.resources.memoryLimit == 1 << 30)
        }
    }

    @Test("limits change only while the container runs") func whatDoesNotRunIsNotChanged() async throws {
        try await RuntimeFixture.with { fixture in
            let runtime = fixture.runtime
            let created = try await runtime.createSandbox(fixture.sandbox())
            let none = await #expect(throws: RuntimeFailure.self) {
                _ = try await runtime.update(container: "none", inSandbox: created.id, resources: CgroupResources())
            }
            #expect(none?.code == .notFound)
            let container = fixture.container(["sh", "-c", ":"])
            _ = try await runtime.startContainer(container, inSandbox: created.id)
            _ = try await fixture.follow(container, created.id)
            let ended = await #expect(throws: RuntimeFailure.self) {
                _ = try await runtime.resources(ofContainer: container.id, inSandbox: created.id)
            }
            #expect(ended?.code == .notRunning)
            try await runtime.stopSandbox(created.id)
            let stopped = await #expect(throws: RuntimeFailure.self) {
                _ = try await runtime.update(sandbox: created.id, resources: CgroupResources())
            }
            #expect(stopped?.code == .notRunning)
        }
    }

    @Test("a pod and its containers are measured") func figuresOfAPodAndItsContainers() async throws {
        try await RuntimeFixture.with { fixture in
            let runtime = fixture.runtime
            let created = try await runtime.createSandbox(fixture.sandbox())
            let busy = fixture.container(["sh", "-c", "i=0; while test $i -lt 20000; do i=$((i+1)); done; echo done; sleep 1000"])
            let ended = fixture.container(["sh", "-c", ":"])
            for container in [busy, ended] { _ = try await runtime.startContainer(container, inSandbox: created.id) }
            _ = try await fixture.follow(ended, created.id)
            var options = LogOptions()
            options.follow = true
            let session = try await runtime.log(LogRequest(path: busy.log.path, options: options, containerID: busy.id, sandboxID: created.id))
            _ = try await session.read()
            await session.close()
            let stats = try await runtime.stats(ofSandbox: created.id)
            #expect(Set(stats.containers.keys) == [busy.id])
            let used = try #require(stats.containers[busy.id]?.cpu.usage)
            let total = try #require(stats.total.cpu.usage)
            let all = try #require(try await runtime.statsOfAllPods().cpu.usage)
            #expect(used > 0 && total >= used && all >= total)
            let gone = await #expect(throws: RuntimeFailure.self) { _ = try await runtime.stats(ofSandbox: "none") }
            #expect(gone?.code == .notFound)
        }
    }

    /// A service manager that takes the tree for unused removes it.
    @Test("a removed cgroup tree is made again with its limits") func theTreeIsMadeAgain() async throws {
        try await RuntimeFixture.with { fixture in
            let runtime = fixture.runtime
            _ = try await runtime.limitAllPods(CgroupResources(cpuRequest: 1000))
            let first = try await runtime.createSandbox(fixture.sandbox())
            try await runtime.removeSandbox(first.id)
            let tree = runtime.settings.cgroups
            // A unit of its own.
            let spawner = try #require(await runtime.spawner.process)
            try SmallFile.write("\(spawner)", to: tree.root + "/../cgroup.procs")
            for name in [PodCgroup.burstable, PodCgroup.bestEffort, PodCgroup.top, PodCgroup.shims] {
                try await tree.cgroup(name).waitUntilEmpty(timeout: .seconds(60))
                #expect(rmdir(try tree.cgroup(name).path) == 0)
            }
            #expect(rmdir(tree.root) == 0)
            _ = try await runtime.createSandbox(fixture.sandbox())
            for name in [PodCgroup.burstable, PodCgroup.bestEffort, PodCgroup.shims] { #expect(try tree.cgroup(name).exists) }
        }
    }

    /// On a host without controllers the limits are named.
    @Test("all pods together are limited and measured") func allPodsTogether() async throws {
        try await RuntimeFixture.with { fixture in
            let missing = try await fixture.runtime.limitAllPods(CgroupResources(cpuRequest: 1000, memoryLimit: 1 << 30, pidsLimit: 1000))
            let tree = fixture.runtime.settings.cgroups
            let available = try tree.availableControllers()
            #expect(missing.contains("memory.max") == !available.contains(.memory))
            for name in [PodCgroup.burstable, PodCgroup.bestEffort] { #expect(try tree.cgroup(name).exists) }
        }
    }
}
