import Addresses
import KubeModel
import Nftables
import ProxyCore
import ServiceCases

extension ServiceCase {
    static let localAddresses = Set(["192.168.77.11", "127.0.0.1", "fd77::11", "::1"].map { IPAddress($0)! })

    /// Returns what is not as expected, a line each.
    func failures() -> [String] { failures(services, slices) }

    func failures(_ services: [Service], _ slices: [EndpointSlice]) -> [String] {
        let table = ServiceTable(services: services, slices: slices, nodeName: "here", zone: configuration.zone)
        let tables = ServiceCompiler(configuration).compile(table)
        var failures = checks.compactMap { failure($0, tables) }
        let found = table.problems.map(\.text)
        if found.count != problems.count || !zip(found.sorted(), problems.sorted()).allSatisfy({ $0.contains($1) }) {
            failures.append("problems \(found), wanted \(problems)")
        }
        let health = table.healthChecks.map { "\($0.family) \($0.port) \($0.localEndpoints)" }
        if health != healthChecks { failures.append("health checks \(health), wanted \(healthChecks)") }
        return failures
    }

    private func failure(_ check: PacketCheck, _ tables: [Table]) -> String? {
        let simulator = PacketSimulator(tables[check.packet.destination.isV6 ? 1 : 0], localAddresses: Self.localAddresses)
        let outcomes = Set(
            (0..<12).map { slot in
                var fresh = simulator
                return fresh.send(check.packet, slot: slot)
            })
        switch check.expectation {
        case .stays:
            var one = simulator
            let answers = Set([1, 0, 2, 3, 4, 5].map { one.send(check.packet, slot: $0) })
            return answers.count == 1 && outcomes.count > 1 ? nil : "\(check): \(answers) of \(outcomes)"
        case .outcomes(let wanted):
            return outcomes == wanted ? nil : "\(check): \(outcomes), wanted \(wanted)"
        }
    }
}
