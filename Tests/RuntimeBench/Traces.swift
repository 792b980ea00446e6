import Glibc
import LinuxCgroups
import LinuxSystem

/// The traces of pods on the node: processes, mounts, cgroups, network namespaces, files, and the agent's open descriptors.
struct Traces {
    private let all: Set<String>

    init(_ world: BenchWorld) throws {
        var found: Set<String> = []
        for pid in try Self.shimsAndPauses(world) { found.insert("process \(pid)") }
        for mount in try MountTable().entries { found.insert("mount \(mount.mountPoint)") }
        for cgroup in try Self.cgroups(world) where !Self.levels.contains(cgroup.name) { found.insert("cgroup \(cgroup.name)") }
        // Logs do not count: they stay after the runtime has removed their pod.
        for directory in [world.runDirectory + "/run", world.runDirectory + "/run/sandboxes", world.stateDirectory + "/state/containers"] {
            for name in try DirectoryListing.names(at: directory) { found.insert("file \(directory)/\(name)") }
        }
        // A namespace without processes lives on through open descriptors: of this process, or of the spawner, the only other one left.
        var processes: Set<Int32> = [getpid()]
        for cgroup in try Self.cgroups(world) { processes.formUnion(try cgroup.processes()) }
        for pid in processes {
            if let namespace = Self.networkNamespace(of: pid) { found.insert("network namespace \(namespace)") }
            for number in ((try? DirectoryListing.names(at: "/proc/\(pid)/fd")) ?? []).indices {
                found.insert("open file \(number) of process \(pid)")
            }
        }
        all = found
    }

    func beyond(_ other: Traces) -> [String] { all.subtracting(other.all).sorted() }

    /// They stay as long as the tree does.
    private static let levels: Set<String> = ["kubepods/besteffort", "kubepods/burstable"]

    static func shims(_ world: BenchWorld) throws -> [Int32] { try processes(world, ["swiftlet-shim"]) }
    static func shimsAndPauses(_ world: BenchWorld) throws -> [Int32] { try processes(world, ["swiftlet-shim", "swiftlet-pause"]) }

    /// By the names that the programs give themselves, which tell a shim from the spawner.
    private static func processes(_ world: BenchWorld, _ names: Set<String>) throws -> [Int32] {
        var found: Set<Int32> = []
        for cgroup in try cgroups(world) {
            for pid in try cgroup.processes() where names.contains((try? SmallFile.line("/proc/\(pid)/comm")) ?? "") { found.insert(pid) }
        }
        return found.sorted()
    }

    private static func cgroups(_ world: BenchWorld) throws -> [Cgroup] {
        var found: [Cgroup] = []
        for name in try DirectoryListing.names(at: world.cgroupRoot) {
            guard try FileStatus.ifPresent("\(world.cgroupRoot)/\(name)")?.kind == .directory else { continue }
            let cgroup = try world.cgroups.cgroup(name)
            found += try cgroup.descendants() + [cgroup]
        }
        return found
    }

    private static func networkNamespace(of pid: Int32) -> String? {
        var target = [CChar](repeating: 0, count: 64)
        guard readlink("/proc/\(pid)/ns/net", &target, 63) > 0 else { return nil }
        return String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Bytes of a line of smaps_rollup.
    static func memory(of pid: Int32, _ field: String) throws -> Int {
        for line in try SmallFile.text("/proc/\(pid)/smaps_rollup").split(separator: "\n") where line.hasPrefix(field) {
            return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
        }
        return 0
    }

    /// Seconds that all processors were busy since boot.
    static func processorTime() throws -> Double {
        let words = try SmallFile.line("/proc/stat").split(separator: " ").dropFirst().compactMap { Double($0) }
        // user, nice, system, idle, iowait, irq, softirq
        let busy = words[0] + words[1] + words[2] + words[5] + words[6]
        return busy / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
