import Addresses
import LinuxNftables
import LinuxSystem
import Nftables
import ProxyCore
import ServiceCases

/// Cases in the kernel: their rulesets, and connections of real clients to real endpoints.
actor PacketRun {
    /// For a packet that must be answered, on a machine that has other work.
    private static let patience = Duration.seconds(5)
    /// For a packet that must not: kernels answer the first packet of a connection at once, whatever programs do.
    private static let silence = Duration.milliseconds(200)
    /// One of three endpoints is missed by so many draws once in 10^10 times.
    private static let mostDraws = 60
    /// For each wanted outcome, so that another one would be seen, too.
    private static let fewestDraws = 6

    private let network: PacketNetwork
    private let answering: AnsweringSockets
    private let store: KernelRulesetStore
    private var applied: [Table] = []
    /// Each connection has a port of its own: none belongs to an earlier one.
    private var port: UInt16 = 10000
    private(set) var sent = 0

    init(_ cases: [ServiceCase], witness: TestNamespace) throws {
        network = try PacketNetwork(cases, witness: witness)
        answering = try AnsweringSockets(network)
        store = try network.node.store()
    }

    /// Returns what is not as expected, a line each.
    /// - Parameter fault: a change of the compiled tables.
    func failures(of test: ServiceCase, planting fault: @Sendable (inout Table) -> Void = { _ in }) async throws -> [String] {
        let model = ServiceTable(services: test.services, slices: test.slices, nodeName: "here", zone: test.configuration.zone)
        var tables = ServiceCompiler(test.configuration).compile(model)
        for index in tables.indices { fault(&tables[index]) }
        try await apply(tables)
        let checks = test.checks.filter { PacketAddresses.canSend($0.packet) }
        let (silent, others) = (checks.filter(\.isDrop), checks.filter { !$0.isDrop })
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { [node = network.node] in
                _ = try await DedicatedThread.run(name: "nft") { try node.run("nft list ruleset > /dev/null && nft -j list ruleset > /dev/null") }
                return nil
            }
            for check in silent {
                let port = nextPort()
                group.addTask { [network] in
                    let finding = try await Self.send(check.packet, from: port, in: network, Self.silence)
                    let outcome = Self.outcome(finding, check.packet, network, test.configuration)
                    return outcome == .dropped ? nil : "\(check): \(outcome), wanted dropped"
                }
            }
            var failures: [String] = []
            for check in others {
                if let failure = try await failure(of: check, test.configuration) { failures.append(failure) }
            }
            for try await failure in group { if let failure { failures.append(failure) } }
            return failures
        }
    }

    /// Without rules each packet is answered by the machine that has its address.
    func failureWithoutRules(_ packet: ServicePacket) async throws -> String? {
        var configuration = ServiceCase.configuration
        configuration.masqueradesPodEgress = false
        let outcome = try await outcome(of: packet, configuration)
        return outcome == .passed ? nil : "\(packet): \(outcome)"
    }

    /// In one transaction that makes them of the tables of the case before.
    private func apply(_ tables: [Table]) async throws {
        let operations = tables.flatMap { table in
            RulesetDiff.transaction(from: applied.first { $0.id == table.id }, to: table).operations
        }
        try await store.apply(Transaction(operations), ifGeneration: nil)
        applied = tables
    }

    private func failure(of check: PacketCheck, _ configuration: ProxyConfiguration) async throws -> String? {
        let family = TableFamily(check.packet.destination.family)
        let affinities = AffinityRules.schema(family)
        let table = applied.first { $0.id.family == family }
        func draw() async throws -> PacketOutcome {
            if let table, table.sets[affinities.name] != nil {
                _ = try await store.removeElements(of: affinities, in: table.id) { _ in true }
            }
            return try await outcome(of: check.packet, configuration)
        }
        switch check.expectation {
        case .outcomes(let wanted):
            var seen: Set<PacketOutcome> = []
            for attempt in 1...Self.mostDraws {
                seen.insert(try await draw())
                if !seen.isSubset(of: wanted) || seen == wanted && attempt >= Self.fewestDraws * wanted.count { break }
            }
            return seen == wanted ? nil : "\(check): \(seen), wanted \(wanted)"
        case .stays:
            let first = try await draw()
            guard case .led = first else { return "\(check): \(first), wanted an endpoint" }
            for _ in 0..<Self.fewestDraws {
                let next = try await outcome(of: check.packet, configuration)
                if next != first { return "\(check): \(first), then \(next)" }
            }
            for _ in 0..<Self.mostDraws where try await draw() != first { return nil }
            return "\(check): always \(first)"
        }
    }

    private func outcome(of packet: ServicePacket, _ configuration: ProxyConfiguration) async throws -> PacketOutcome {
        Self.outcome(try await Self.send(packet, from: nextPort(), in: network, Self.patience), packet, network, configuration)
    }

    private func nextPort() -> UInt16 {
        sent += 1
        // Not one of those that the machines answer at.
        repeat { port += 1 } while network.addresses.ports.contains(port)
        return port
    }

    private static func send(
        _ packet: ServicePacket, from port: UInt16, in network: PacketNetwork, _ patience: Duration
    ) async throws -> SentPacket.Finding {
        try await network.machine(of: packet).namespace.withThread { try SentPacket.send(packet, from: port, patience: patience) }
    }

    private static func outcome(
        _ finding: SentPacket.Finding, _ packet: ServicePacket, _ network: PacketNetwork, _ configuration: ProxyConfiguration
    ) -> PacketOutcome {
        switch finding {
        case .refused: return .refused
        case .silence: return .dropped
        case .failed(let text): return .other(text)
        case .answered(let report):
            let isMasqueraded = report.source != packet.source
            if isMasqueraded && !network.nodeAddresses.contains(report.source) { return .other("\(report.target) has seen \(report.source)") }
            if report.target != SocketAddress(address: packet.destination, port: packet.port) {
                return .led(to: "\(report.target)", masqueraded: isMasqueraded)
            }
            let leavesMasqueraded = leavesMasqueraded(packet, network, configuration)
            return isMasqueraded == leavesMasqueraded ? .passed : .other("passed " + (isMasqueraded ? "masqueraded" : "with the pod's address"))
        }
    }

    /// Whether a packet that no Service concerns is one of a pod to the world outside.
    private static func leavesMasqueraded(_ packet: ServicePacket, _ network: PacketNetwork, _ configuration: ProxyConfiguration) -> Bool {
        let inside = configuration.clusterCIDRs.isEmpty ? configuration.podCIDRs : configuration.clusterCIDRs
        return configuration.masqueradesPodEgress && configuration.podCIDRs.contains { $0.contains(packet.source) }
            && !inside.contains { $0.contains(packet.destination) } && network.addresses.place(of: packet.destination) != .node
    }
}

extension PacketCheck {
    fileprivate var isDrop: Bool { expectation == .outcomes([.dropped]) }
}
