import KubeModel
import LinuxNftables
import LinuxSystem
import Nftables
import ProxyCore

/// The agent's own steps for Services, from the API server's answers to the kernel, each with its time and memory. The rules stay.
struct ServiceSync {
    let count: Int
    let folder: String

    func run(changes: Int) async throws {
        ProcessMemory.shareHeaps()
        let bench = BenchServices(count: count)
        let store = try KernelRulesetStore()
        // As the agent does: what a commit costs depends on it.
        let foreign = try await store.foreignChanges(to: ServiceCompiler.tables)
        defer { withExtendedLifetime(foreign) {} }
        let atStart = try Self.anonymous()

        var start = KernelClock.monotonic
        let services = try bench.read(Service.self, "services", from: folder)
        var slices = try bench.read(EndpointSlice.self, "slices", from: folder)
        let decode = ProxyBench.milliseconds(since: start)

        start = KernelClock.monotonic
        var model = ServiceModel(BenchServices.configuration)
        model.replace(services: services, slices: slices)
        model.update()
        let compile = ProxyBench.milliseconds(since: start)

        var sync = RulesetSync(store: store)
        start = KernelClock.monotonic
        _ = try await sync.apply(model.tables, former: nil)
        let full = ProxyBench.milliseconds(since: start)
        model.committed()

        var times: [Double] = []
        for change in 0..<changes {
            // Spread over all Services but the first, which has the bench's server.
            let number = 1 + change * 7919 % (count - 1)
            let slice = bench.slice(number, second: change / (count - 1) % 2 == 0 ? "10.247.255.254" : nil)
            start = KernelClock.monotonic
            let packed = Packed(slice)
            slices[slice.key] = packed
            model.set(packed, for: slice.key)
            model.update()
            guard let operations = model.operations, !operations.isEmpty else {
                throw ProxyBench.Problem(description: "a change of Service \(number) changes nothing")
            }
            _ = try await sync.perform(operations)
            model.committed()
            times.append(ProxyBench.milliseconds(since: start))
        }
        times.sort()
        ProcessMemory.giveBack()
        let memory = try Self.anonymous() - atStart
        guard model.entries.count == services.count, services.count == count else {
            throw ProxyBench.Problem(description: "found \(services.count) Services, wanted \(count)")
        }
        ProxyBench.report([
            "decode": decode, "compile": compile, "full": full, "change": ProxyBench.quantile(0.5, times),
            "late_change": ProxyBench.quantile(0.99, times),
            "memory": memory,
        ])
    }

    /// The memory of the objects alone, and with what was compiled of them. Without the kernel.
    func reportMemory() throws {
        ProcessMemory.shareHeaps()
        let bench = BenchServices(count: count)
        let atStart = try Self.anonymous()
        let services = try bench.read(Service.self, "services", from: folder)
        let slices = try bench.read(EndpointSlice.self, "slices", from: folder)
        ProcessMemory.giveBack()
        let objects = try Self.anonymous() - atStart
        var model = ServiceModel(BenchServices.configuration)
        model.replace(services: services, slices: slices)
        model.update()
        model.committed()
        ProcessMemory.giveBack()
        let compiled = try Self.anonymous() - atStart
        guard services.count == slices.count, model.entries.count == count else {
            throw ProxyBench.Problem(description: "found \(services.count) Services, wanted \(count)")
        }
        ProxyBench.report(["objects": objects, "compiled": compiled - objects])
    }

    /// Bytes of anonymous memory of this process.
    private static func anonymous() throws -> Double {
        for line in try SmallFile.text("/proc/self/smaps_rollup").split(separator: "\n") where line.hasPrefix("Anonymous:") {
            return (line.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0) * 1024
        }
        return 0
    }
}
