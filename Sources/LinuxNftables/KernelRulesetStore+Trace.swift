package import Addresses
import CMnl
import LinuxNetlink
import LinuxSystem
package import Nftables

extension KernelRulesetStore {
    /// The table that marks packets for a trace, and nothing else.
    package static func tracer(of frontend: Frontend, name: String) -> Table {
        let family: TableFamily = frontend.address.isV6 ? .ip6 : .ip
        let port = PackedBytes([UInt8(frontend.port >> 8), UInt8(frontend.port & 0xff)])
        let rule = Rule(
            .equals(.destinationAddress, PackedBytes(frontend.address.bytes)), .equals(.destinationPortOf(frontend.transport), port), .trace)
        // Before everything else of either way in: connection tracking's own priority is -200.
        let hooks: [Hook.Point] = [.prerouting, .output]
        let chains = hooks.map { Chain($0.name, hook: Hook(.filter, $0, priority: -310), rules: [rule]) }
        return Table(TableID(family, name), comment: "made by swiftlet proxy trace, and removed at its end", chains: chains)
    }

    /// Follows the packets that `send` sends to a frontend through all tables of the namespace.
    ///
    /// The table that marks them is gone when this returns, also after a failure, and is no part of the steps. Connections of others to the same
    /// frontend are followed as well until `send` has returned: of all steps the first `stepLimit` are kept.
    /// - Parameter patience: how long to wait for the next step.
    package func trace<T: Sendable>(
        to frontend: Frontend, name: String, patience: Duration = .milliseconds(300), _ send: () async throws -> T
    ) async throws -> (steps: [TraceStep], result: T) {
        let listener = try await pool.run("nf_tables subscription") { [namespace] in
            let listener = try Self.open(namespace, receiveBuffer: 1 << 20)
            try listener.join(NFNLGRP_NFTRACE.rawValue)
            return listener
        }
        let descriptor = try listener.duplicateDescriptor()
        let table = Self.tracer(of: frontend, name: name)
        // One that an interrupted trace has left.
        try? await apply(Transaction([.deleteTable(table.id)]), ifGeneration: nil)
        try await apply(RulesetDiff.transaction(from: nil, to: table), ifGeneration: nil)
        let result: Result<T, any Error>
        do { result = .success(try await send()) } catch { result = .failure(error) }
        // The kernel still tells the way of packets that are marked by now. With the mark in place a busy Service would never be quiet.
        try await apply(Transaction([.deleteTable(table.id)]), ifGeneration: nil)
        var steps: [TraceStep] = []
        while steps.count < Self.stepLimit {
            // Until nothing comes any more, or more has come than the socket could hold.
            do {
                try await ReadinessLoop.shared().wait(for: descriptor, .readable, timeout: patience)
                steps += try listener.notifications().compactMap { TraceStep($0) }.filter { $0.tableID != table.id }
            } catch { break }
        }
        return (Array(steps.prefix(Self.stepLimit)), try result.get())
    }

    package static var stepLimit: Int { 1000 }

    /// The handles of a table's rules, by chain and in order, each with the rule as libnftnl writes it.
    package func ruleHandles(of table: TableID) async throws -> [String: [(handle: UInt64, text: String)]] {
        try await pool.run("nf_tables dump") { [socket] in
            var found: [String: [(UInt64, String)]] = [:]
            for rule in try TableReader.rules(of: table, socket) { found[rule.chain, default: []].append((rule.handle, rule.text)) }
            return found
        }
    }
}
