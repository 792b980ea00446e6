import Addresses
import LinuxNetlink
import PodNetwork
import Testing

@Suite struct AddressPoolTests {
    private func pool(_ range: String) throws -> AddressPool {
        let cidr = try #require(CIDR(range))
        return try #require(AddressPool(range: cidr))
    }

    private func next(_ pool: inout AddressPool) -> String? { pool.allocate()?.description }

    @Test("every address is given once, the special ones never") func everyAddressOnceAndNeverTheSpecialOnes() throws {
        var pool = try self.pool("10.0.0.77/28")
        #expect(pool.gatewayCIDR.description == "10.0.0.65/28")
        var given: [String] = []
        while let address = pool.allocate() { given.append(address.description) }
        #expect(given == (66...78).map { "10.0.0.\($0)" })
        #expect(pool.capacity == 13 && pool.usedCount == 13)
    }

    @Test("freed addresses come last") func freedAddressesComeLast() throws {
        var pool = try self.pool("10.0.0.0/29")
        let allocated = pool.allocate()
        let first = try #require(allocated)
        #expect(next(&pool) == "10.0.0.3")
        pool.free(first)
        #expect(next(&pool) == "10.0.0.4")
        #expect(next(&pool) == "10.0.0.5")
        #expect(next(&pool) == "10.0.0.6")
        #expect(next(&pool) == first.description)
        #expect(next(&pool) == nil)
    }

    @Test("large ranges skip taken addresses") func largeRangesAndTakenAddresses() throws {
        var pool = try self.pool("fd00:1::/64")
        #expect(next(&pool) == "fd00:1::2")
        try pool.take(#require(IPAddress("fd00:1::3")))
        #expect(next(&pool) == "fd00:1::4")
        try pool.take(#require(IPAddress("fd00:1::ffff")), isLatest: true)
        #expect(next(&pool) == "fd00:1::1:0")
        try pool.take(#require(IPAddress("fd00:1:0:0:ffff:ffff:ffff:ffff")), isLatest: true)
        #expect(next(&pool) == "fd00:1::5", "behind the last comes the first free one")
        let before = pool
        try pool.take(#require(IPAddress("fd00:2::5")))
        try pool.take(#require(IPAddress("fd00:1::1")))
        #expect(pool == before, "neither other ranges' addresses nor the gateway are counted")
    }

    @Test("a range without room for gateway and pod is refused", arguments: ["10.0.0.0/31", "10.0.0.0/32", "fd00::/127"]) func tooSmall(range: String)
        throws
    {
        #expect(try AddressPool(range: #require(CIDR(range))) == nil)
    }
}
