import LinuxNetlink
import ServiceCases
import TestSupport
import Testing

/// The cases that the packet simulator plays, with real packets.
@Suite(.enabled(if: isRoot, "needs root"), .serialized) struct ServicePacketTests {
    /// Runs `body` with a network, and waits until the kernel has nothing of it any more, also when `body` throws.
    private func withRun(of cases: [ServiceCase] = ServiceCase.all, _ body: (PacketRun) async throws -> Void) async throws {
        let witness = try TestNamespace()
        var failure: (any Error)?
        do { try await body(try PacketRun(cases, witness: witness)) } catch { failure = error }
        let links = try NetworkStack(namespace: witness.descriptor)
        try await eventually("the end of the machines' namespaces") { try links.links().allSatisfy { $0.name == "lo" } }
        if let failure { throw failure }
    }

    @Test("packets go where the Service says, in the kernel, too") func cases() async throws {
        let start = ContinuousClock.now
        var sent = 0
        try await withRun { run in
            for test in ServiceCase.all {
                for failure in try await run.failures(of: test) { Issue.record("\(test): \(failure)") }
            }
            sent = await run.sent
        }
        let checks = ServiceCase.all.flatMap(\.checks).count
        print("\(ServiceCase.all.count) cases with \(checks) packets, \(sent) connections in \(ContinuousClock.now - start)")
        #expect(sent > checks)
    }

    @Test("without rules the machine that has the address answers each packet, with the client's address") func withoutRules() async throws {
        let packets = Set(ServiceCase.all.flatMap { $0.checks.map(\.packet) }.filter(PacketAddresses.canSend))
        try await withRun { run in
            for packet in packets {
                if let failure = try await run.failureWithoutRules(packet) { Issue.record("\(failure)") }
            }
        }
    }

    @Test("a compiler's mistakes are found, and nothing is found without them") func faults() async throws {
        let cases = PlantedFault.allCases.compactMap { fault in ServiceCase.all.first { $0.description == fault.title } }
        try #require(cases.count == PlantedFault.allCases.count)
        try await withRun(of: cases) { run in
            for (fault, test) in zip(PlantedFault.allCases, cases) {
                #expect(try await run.failures(of: test) == [], "\(fault)")
                let found = try await run.failures(of: test, planting: { fault.plant(in: &$0) })
                #expect(!found.isEmpty, "\(fault)")
            }
        }
    }

    @Test("a run that ends half-way leaves nothing behind") func failedRun() async throws {
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await withRun(of: Array(ServiceCase.all.prefix(1))) { run in
                _ = try await run.failures(of: ServiceCase.all[0])
                throw Failure()
            }
        }
    }
}
