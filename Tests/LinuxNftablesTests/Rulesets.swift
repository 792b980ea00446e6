import Addresses
import KubeModel
import Nftables
import ProxyCore

/// Rulesets to test with.
enum Rulesets {
    static let configuration = ProxyConfiguration(
        nodeName: "node-a", nodePortAddresses: [IPAddress("192.168.77.11")!, IPAddress("fd77::11")!],
        podCIDRs: [CIDR("10.244.0.0/24")!, CIDR("fd44::/64")!], clusterCIDRs: [CIDR("10.244.0.0/16")!, CIDR("fd44::/48")!],
        masqueradesPodEgress: true)

    /// `count` services, each with a ClusterIP in both families, a NodePort, and `endpoints` endpoints of its own.
    static func entries(_ count: Int, endpoints: Int) -> [ServiceEntry] {
        (0..<count).flatMap { number -> [ServiceEntry] in
            let name = ServicePortName(namespace: "default", service: "s\(number)", port: "", transport: .tcp)
            func address(_ prefix: [UInt8], _ value: Int) -> IPAddress {
                IPAddress(bytes: prefix + [UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)])!
            }
            return [([10], [11]), ([0xfd] + [UInt8](repeating: 1, count: 12), [0xfd] + [UInt8](repeating: 2, count: 12))].map { own, pods in
                ServiceEntry(
                    name: name, clusterIP: address(own, number + 1), port: 80, nodePort: UInt16(30000 + number % 2000 + number / 2000),
                    endpoints: (0..<endpoints).map { slot in
                        Endpoint(address: address(pods, number * endpoints + slot + 1), port: 8080, isLocal: slot == 0 && number < 100)
                    })
            }
        }
    }

    /// Services with every feature, in both families: session affinity, both policies, external addresses, source ranges, no endpoints.
    static func featuredEntries() -> [ServiceEntry] {
        entries(6, endpoints: 3).enumerated().map { index, entry in
            var entry = entry
            entry.affinityTimeout = index % 2 == 0 ? 90 : 10800
            if index % 3 == 0 { entry.affinityTimeout = nil }
            entry.externalPolicy = index < 6 ? .local : .cluster
            entry.internalPolicy = index % 4 == 0 ? .local : .cluster
            entry.localEndpoints = index == 2 ? [] : entry.endpoints.filter(\.isLocal)
            let last = UInt128(index + 1)
            let isV6 = entry.family == .v6
            let base: UInt128 = isV6 ? 0x2001_0db8 << 96 : 0xc633_6400
            entry.externalIPs = [IPAddress(family: entry.family, value: base + last)]
            entry.loadBalancerIPs = [IPAddress(family: entry.family, value: base + 100 + last)]
            entry.sourceRanges =
                isV6 ? [CIDR("fd55::/48")!, CIDR("fd56::1/128")!] : [CIDR("10.9.0.0/16")!, CIDR("10.8.0.1/32")!, CIDR("192.168.0.0/16")!]
            return entry
        }
    }

    static let featuredConfiguration: ProxyConfiguration = {
        var configuration = Rulesets.configuration
        configuration.nodePorts = .within([CIDR("192.168.0.0/16")!, CIDR("::/0")!])
        configuration.serviceCIDRs = [CIDR("10.96.0.0/16")!, CIDR("fd96::/112")!]
        return configuration
    }()

    static func tables(_ entries: [ServiceEntry], configuration: ProxyConfiguration = configuration) -> [Table] {
        ServiceCompiler(configuration).compile(ServiceTable(entries: entries))
    }

    /// Text without the order of a hash table: elements one per line, all lines of a set sorted.
    static func normalised(_ text: String) -> String {
        var result: [String] = []
        var collected: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            let trimmed = String(line.drop { $0 == "\t" || $0 == " " })
            if collected != nil || trimmed.hasPrefix("elements = {") {
                let text = (collected ?? "") + trimmed
                guard text.hasSuffix("}") else {
                    collected = text + " "
                    continue
                }
                let inner = text.dropFirst("elements = {".count).dropLast()
                let elements = inner.split(separator: ",").map { part in String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
                result.append("elements " + elements.sorted().joined(separator: " | "))
                collected = nil
            } else {
                result.append(trimmed)
            }
        }
        return result.joined(separator: "\n")
    }

    /// The sets, maps and chains of a ruleset in alphabetical order, each with its table's name in front: nft prints them
    /// in the order in which they were made.
    static func blocks(_ text: String) -> [String] {
        var result: [String] = []
        var table = ""
        var block: [String] = []
        for line in normalised(text).split(separator: "\n").map(String.init) {
            if line.hasPrefix("table ") {
                table = line
            } else if line == "}" {
                if !block.isEmpty { result.append(block.joined(separator: "\n")) }
                block = []
            } else if block.isEmpty, !line.hasSuffix("{") {
                result.append(table + line)
            } else {
                block.append(block.isEmpty ? table + line : line)
            }
        }
        return result.sorted()
    }
}
