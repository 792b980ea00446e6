import Addresses
import LinuxNetlink
import PodNetwork
import Testing

/// The node's own addresses, from routes and interfaces' addresses. No kernel.
@Suite struct HeldAddressesTests {
    /// eth0 is link 2, eth1 link 3.
    private let addresses: [InterfaceAddress]
    private var held = HeldAddresses()

    init() throws {
        addresses = try [("192.0.2.10/24", UInt32(2)), ("2001:db8::10/64", 2), ("198.51.100.10/24", 3)].map { text, link in
            InterfaceAddress(link: link, cidr: try #require(CIDR(text)))
        }
    }

    private func ip(_ texts: String...) -> [IPAddress] { texts.compactMap { IPAddress($0) } }

    private func route(_ family: IPAddress.Family, _ link: UInt32, priority: UInt32 = 0) -> Route {
        var route = Route(to: .everything(family), link: link)
        route.priority = priority
        return route
    }

    @Test("the first choice is that of the best default route of each family") mutating func firstChoice() {
        held.update(routes: [route(.v6, 2), route(.v4, 2, priority: 200), route(.v4, 3, priority: 100)], addresses: addresses)
        #expect(held.chosen == ip("198.51.100.10", "2001:db8::10"))
    }

    @Test("an address stays without a default route, and with another one, until it leaves the machine") mutating func staying() {
        held.update(routes: [route(.v4, 2)], addresses: addresses)
        held.update(routes: [], addresses: addresses)
        #expect(held.chosen == ip("192.0.2.10"))
        held.update(routes: [route(.v4, 3)], addresses: addresses)
        #expect(held.chosen == ip("192.0.2.10"))
        held.update(routes: [route(.v4, 3)], addresses: Array(addresses.dropFirst()))
        #expect(held.chosen == ip("198.51.100.10"))
    }

    @Test("the way to the API server gives an address only while there is no default route") mutating func towardsServer() {
        held.update(routes: [], addresses: addresses)
        #expect(held.chosen.isEmpty)
        held.update(towardsServer: ip("127.0.0.1", "169.254.0.7", "203.0.113.9", "198.51.100.10", "192.0.2.10"))
        #expect(held.chosen == ip("198.51.100.10"))
        held.update(routes: [], addresses: addresses)
        #expect(held.chosen == ip("198.51.100.10"))
        held.update(routes: [route(.v4, 2)], addresses: addresses)
        #expect(held.chosen == ip("192.0.2.10"))
        held.update(routes: [], addresses: [])
        #expect(held.chosen.isEmpty && held.present.isEmpty)
    }
}
