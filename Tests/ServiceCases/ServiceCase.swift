import Addresses
package import KubeModel
package import ProxyCore

/// Services and slices, and what happens to packets, in lines such as
///
///     pod far to clusterIP nodePort: h2 t3*
///     pod to 10.96.0.1:53/UDP: refused
///
/// Clients and places have names, or are written as addresses. `h2` and `t3` are endpoints on this node (10.244.0.2) and on another one (10.244.1.3) at
/// port 8080; a star says that the client is masqueraded. `stays` means: one of several endpoints, and the same one each time. Other lines are
/// `health: v4 32000 1` (family, port, endpoints) and `problem: TEXT`; without them there are none.
package struct ServiceCase: Sendable, CustomStringConvertible {
    /// The expectation, in words.
    package let description: String
    package let services: [Service]
    package let slices: [EndpointSlice]
    package private(set) var configuration = ServiceCase.configuration
    package private(set) var checks: [PacketCheck] = []
    /// A part of the text of each problem.
    package private(set) var problems: [String] = []
    package private(set) var healthChecks: [String] = []

    init(_ title: String, _ service: Service, _ endpoints: [EndpointSlice.Endpoint], _ expected: String) {
        self.init(title, [service], [Self.slice(endpoints)], expected)
    }

    init(
        _ title: String, _ services: [Service], _ slices: [EndpointSlice], _ expected: String,
        configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) {
        description = title
        self.services = services
        self.slices = slices
        configure(&configuration)
        for line in expected.split(separator: "\n") {
            guard let colon = line.firstRange(of: ": ") else { preconditionFailure("a line without a colon: \(line)") }
            let (subject, wanted) = (line[..<colon.lowerBound], String(line[colon.upperBound...]))
            switch subject {
            case "problem": problems.append(wanted)
            case "health": healthChecks.append(wanted)
            default: checks += Self.checks(subject, wanted)
            }
        }
    }

    private static func checks(_ subject: Substring, _ wanted: String) -> [PacketCheck] {
        let words = subject.split(separator: " ").map(String.init)
        guard let divider = words.firstIndex(of: "to") else { preconditionFailure("no `to` in: \(subject)") }
        return words[..<divider].flatMap { client in
            words[(divider + 1)...].map { PacketCheck(from: client, to: $0, wanted) }
        }
    }

    package static let all = endpoints + policies + frontends

    package static let configuration: ProxyConfiguration = {
        var configuration = ProxyConfiguration(
            nodeName: "here", nodePortAddresses: [IPAddress("192.168.77.11")!, IPAddress("fd77::11")!],
            podCIDRs: [CIDR("10.244.0.0/24")!, CIDR("fd44::/64")!], clusterCIDRs: [CIDR("10.244.0.0/16")!, CIDR("fd44::/48")!],
            masqueradesPodEgress: true)
        configuration.serviceCIDRs = [CIDR("10.96.0.0/16")!, CIDR("fd96::/112")!]
        configuration.zone = "east"
        return configuration
    }()
}
