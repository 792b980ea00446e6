package import Addresses
import Nftables

/// The elements of the host ports' sets and maps. The cost of a change does not grow with the number of claims: elements are made for the added or removed claim alone.
package struct HostPortElements: Sendable {
    typealias Sets = [String: [PackedBytes: ElementValue]]

    private var families: [TableFamily: Sets] = [:]

    package init() {}

    package mutating func add(_ claim: [Frontend: Endpoint.Target]) { set(claim, isThere: true) }

    package mutating func remove(_ claim: [Frontend: Endpoint.Target]) { set(claim, isThere: false) }

    /// Empty while no port of this family is forwarded.
    func sets(of family: TableFamily) -> Sets {
        var sets = families[family] ?? [:]
        guard sets.contains(where: { !$0.value.isEmpty }) else { return [:] }
        let loopback = Self.loopback(family)
        sets[HostPortRules.SetName.loopback] = [PackedBytes(loopback.first.bytes): .through(PackedBytes(loopback.last.bytes))]
        return sets
    }

    private mutating func set(_ claim: [Frontend: Endpoint.Target], isThere: Bool) {
        for (frontend, target) in claim {
            let family = TableFamily(frontend.address.family)
            let name = frontend.address.isUnspecified ? HostPortRules.SetName.general : HostPortRules.SetName.addressed
            let hairpin = PackedBytes(target.address.bytes + target.address.bytes)
            families[family, default: [:]][name, default: [:]][Self.key(frontend)] = isThere ? .data(target.packed) : nil
            families[family, default: [:]][HostPortRules.SetName.hairpin, default: [:]][hairpin] = isThere ? .member : nil
        }
    }

    private static func key(_ frontend: Frontend) -> PackedBytes {
        var key = PackedBytes()
        if !frontend.address.isUnspecified { key.append(field: frontend.address.bytes) }
        key.append(field: [frontend.transport.number])
        key.append(bigEndian: frontend.port)
        return key
    }

    private static func loopback(_ family: TableFamily) -> (first: IPAddress, last: IPAddress) {
        switch family {
        case .ip: (IPAddress(family: .v4, value: 0x7f00_0000), IPAddress(family: .v4, value: 0x7fff_ffff))
        case .ip6: (IPAddress(family: .v6, value: 1), IPAddress(family: .v6, value: 1))
        }
    }
}
