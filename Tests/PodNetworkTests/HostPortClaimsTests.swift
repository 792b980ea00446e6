import Addresses
import Nftables
import PodCore
import ProxyCore
import Testing

@testable import PodNetwork

@Suite struct HostPortClaimsTests {
    private static func claim(_ number: Int, _ ports: [HostPort]) throws -> HostPortClaim {
        try HostPortClaim(HostPortClaimTests.sandbox("pod-\(number)", ["10.7.0.\(number)", "fd07::\(number)"], ports))
    }

    @Test("claims one after the other make the tables of all of them at once") func changesLeadWhereAllAtOnceWould() throws {
        let first = try Self.claim(2, [HostPort(port: 8080, target: 80), HostPort(hostIP: "127.0.0.1", transport: .udp, port: 53, target: 53)])
        let second = try Self.claim(3, [HostPort(transport: .sctp, port: 8080, target: 80)])
        let changed = try Self.claim(3, [HostPort(hostIP: "::1", port: 8081, target: 80)])
        var claims = HostPortClaims()
        var inserted = claims.insert(first, sandboxID: "a")
        #expect(inserted && claims.tables == HostPortCompiler.compile([first.targets]))
        inserted = claims.insert(second, sandboxID: "b")
        #expect(inserted && claims.tables == HostPortCompiler.compile([second.targets, first.targets]))
        inserted = claims.insert(second, sandboxID: "b")
        #expect(!inserted && claims.tables == HostPortCompiler.compile([first.targets, second.targets]))
        inserted = claims.insert(changed, sandboxID: "b")
        #expect(inserted && claims.tables == HostPortCompiler.compile([first.targets, changed.targets]))
        var removed = claims.remove(sandboxID: "a")
        #expect(removed == first && claims.tables == HostPortCompiler.compile([changed.targets]))
        removed = claims.remove(sandboxID: "a")
        #expect(removed == nil)
        claims.remove(sandboxID: "b")
        #expect(claims.tables.map(\.isEmpty) == [true, true])
    }

    @Test("a port is taken until its holder is gone") func aPortIsTakenUntilItsHolderIsGone() throws {
        var claims = HostPortClaims()
        _ = claims.insert(try Self.claim(2, [HostPort(hostIP: "127.0.0.1", port: 80, target: 1)]), sandboxID: "b")
        _ = claims.insert(try Self.claim(3, [HostPort(hostIP: "192.0.2.10", port: 80, target: 1)]), sandboxID: "a")
        let every = try Self.claim(4, [HostPort(port: 80, target: 1), HostPort(port: 443, target: 1)])
        #expect(claims.collision(of: every, sandboxID: "c")?.pod.name == "pod-3", "the first one by the sandbox's id")
        claims.remove(sandboxID: "a")
        #expect(claims.collision(of: every, sandboxID: "c")?.pod.name == "pod-2")
        #expect(claims.collision(of: every, sandboxID: "b") == nil, "its own")
        #expect(claims.collision(of: try Self.claim(5, [HostPort(transport: .udp, port: 80, target: 1)]), sandboxID: "c") == nil)
        claims.remove(sandboxID: "b")
        #expect(claims.collision(of: every, sandboxID: "c") == nil)
    }
}
