import Addresses
package import KubeModel
package import PodCore

/// A plugin's answer (CNI specification 1.1, section 5).
package enum CNIResult {
    /// Returns the pod's addresses without their prefix lengths: the first of each family, IPv4 first.
    /// - Parameter interface: the pod's interface. Addresses that the result assigns to others do not count.
    package static func addresses(_ result: JSONValue, interface: String) throws(NetworkFailure) -> [String] {
        let interfaces = result["interfaces"]?.array ?? []
        var found: [IPAddress] = []
        for text in old(result) + current(result, interfaces, interface) {
            guard let address = IPAddress(String(text.prefix { $0 != "/" })) else {
                throw NetworkFailure(.kernel, "CNI result: found the address \"\(text)\", wanted one such as 10.1.0.5/24")
            }
            if !found.contains(where: { $0.family == address.family }) { found.append(address) }
        }
        guard !found.isEmpty else { throw NetworkFailure(.kernel, "CNI result: found no address for \(interface), wanted at least one") }
        return (found.filter { $0.family == .v4 } + found.filter { $0.family == .v6 }).map(\.description)
    }

    /// Before 0.3.0.
    private static func old(_ result: JSONValue) -> [String] { ["ip4", "ip6"].compactMap { result[$0]?["ip"]?.string } }

    private static func current(_ result: JSONValue, _ interfaces: [JSONValue], _ name: String) -> [String] {
        (result["ips"]?.array ?? []).compactMap { entry in
            if let index = entry["interface"]?.integer {
                guard interfaces.indices.contains(Int(clamping: index)) else { return nil }
                let owner = interfaces[Int(index)]
                guard owner["name"]?.string == name, owner["sandbox"]?.string?.isEmpty == false else { return nil }
            }
            return entry["address"]?.string
        }
    }

    /// Returns a failed plugin's own words; `nil` when its output holds none.
    static func problem(_ output: [UInt8]) -> String? {
        guard let answer = try? JSONParser.parse(output), let message = answer["msg"]?.string, !message.isEmpty else { return nil }
        let details = answer["details"]?.string ?? ""
        return details.isEmpty ? message : "\(message); \(details)"
    }
}
