import Addresses
import Testing

@Suite struct CIDRTests {
    @Test(
        "a range goes from its first address to its last",
        arguments: [
            ("10.1.2.3/24", "10.1.2.0", "10.1.2.255"), ("10.1.2.3/32", "10.1.2.3", "10.1.2.3"), ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("10.244.3.9/22", "10.244.0.0", "10.244.3.255"), ("fd00::5/64", "fd00::", "fd00::ffff:ffff:ffff:ffff"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ("fd00::5/128", "fd00::5", "fd00::5"),
        ])
    func ranges(text: String, first: String, last: String) throws {
        let cidr = try #require(CIDR(text))
        #expect(cidr.description == text)
        #expect(cidr.first.description == first)
        #expect(cidr.last.description == last)
        #expect(cidr.contains(cidr.first) && cidr.contains(cidr.last))
    }

    @Test(
        "text that is not an address with a length its family can have is refused",
        arguments: [
            "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+1", "10.0.0.0/+8", "10.0.0.0/", "10.0.0.0/8 ", "10.0.0.0/8/8", "/8", "x/8",
            "10.0.0.0/99999999999999999999", "10.0.0.0/255.0.0.0", "010.0.0.0/8", "::/129", "fe80::1%eth0/64", "[::]/0", "10.0.0/8",
        ])
    func notRanges(text: String) { #expect(CIDR(text) == nil) }

    @Test("a length may have leading zeros, as the API takes them") func leadingZeroOfTheLength() {
        #expect(CIDR("10.0.0.0/08")?.description == "10.0.0.0/8")
    }

    @Test("bits behind the prefix are kept until the network is asked for") func hostBits() throws {
        let cidr = try #require(CIDR("10.244.3.9/22"))
        #expect(cidr.address.description == "10.244.3.9" && cidr.network.description == "10.244.0.0/22")
        #expect(cidr.network.network == cidr.network && cidr != cidr.network)
    }

    @Test("a range contains the addresses and ranges within it, of its own family only") func containment() throws {
        let range = try #require(CIDR("10.244.3.9/22"))
        let wide = try #require(CIDR("10.0.0.0/8"))
        #expect(try range.contains(#require(IPAddress("10.244.3.1"))) && !range.contains(#require(IPAddress("10.244.4.1"))))
        #expect(wide.contains(range) && !range.contains(wide) && wide.contains(wide))
        #expect(try #require(CIDR("fd00::/8")).contains(#require(IPAddress("fd12::1"))))
        #expect(try !#require(CIDR("::/0")).contains(#require(IPAddress("10.0.0.1"))) && !#require(CIDR("::/0")).contains(range))
        #expect(try CIDR.everything(.v4).contains(#require(IPAddress("10.0.0.1"))))
        #expect(try wide.overlaps(#require(CIDR("10.9.0.0/16"))) && #require(CIDR("10.9.0.0/16")).overlaps(wide))
        #expect(try !#require(CIDR("10.0.0.0/16")).overlaps(#require(CIDR("10.1.0.0/16"))))
    }

    @Test("a lone address has the longest prefix", arguments: [("10.0.0.1", "10.0.0.1/32"), ("fd00::1", "fd00::1/128")])
    func host(text: String, range: String) throws { #expect(try CIDR(host: #require(IPAddress(text))).description == range) }
}
