import LinuxSystem
import PodCore

extension MachineFacts {
    /// Reads the facts from the kernel and the distribution. Blocking; a fact that cannot be read is empty.
    init(memory: MemoryFacts) {
        let cores = Self.cores()
        self.init(
            kernelVersion: (try? KernelNames())?.release ?? "", operatingSystem: HostFacts.osPrettyName(), bootID: (try? HostFacts.bootID()) ?? "",
            machineID: HostFacts.machineID(), systemUUID: HostFacts.systemUUID(), processors: HostFacts.onlineProcessors(),
            physicalCores: cores?.count, sockets: cores.map { Set($0.map(\.socket)).count }, memory: memory.total, swap: memory.swapTotal)
    }

    private struct Core: Hashable {
        let socket: String
        let number: String
    }

    /// The physical cores of the processors that the kernel describes; `nil` if it describes none.
    private static func cores(below root: String = "/sys/devices/system/cpu") -> Set<Core>? {
        guard let names = try? DirectoryListing.names(at: root) else { return nil }
        var cores: Set<Core> = []
        for name in names where name.hasPrefix("cpu") && Int(name.dropFirst(3)) != nil {
            let topology = "\(root)/\(name)/topology/"
            guard let socket = try? SmallFile.line(topology + "physical_package_id"), let number = try? SmallFile.line(topology + "core_id") else {
                continue
            }
            cores.insert(Core(socket: socket, number: number))
        }
        return cores.isEmpty ? nil : cores
    }
}
