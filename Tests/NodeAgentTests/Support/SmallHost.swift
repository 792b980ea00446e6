import NodeAgent

/// A machine of four processors, 8 GiB of memory and a disk of 100 GiB.
struct SmallHost: NodeHost {
    var addresses = ["192.0.2.1"]

    func describe() async throws -> HostDescription {
        HostDescription(
            hostname: "node-1", machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.18", osImage: "Debian", architecture: "amd64",
            processors: 4, memory: 8 << 30, ephemeralStorage: 100 << 30, hugepages: [:], addresses: addresses)
    }
}
