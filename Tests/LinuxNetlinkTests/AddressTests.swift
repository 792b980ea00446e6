import LinuxNetlink
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("fd00:0::1", "fd00::1"), ("::", "::"), ("255.255.255.255", "255.255.255.255"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("1.2.3", nil), ("1.2.3.4/8", nil), ("", nil), ("fe80::1%eth0", nil), ("[::1]", nil), ("1.2.3.256", nil), (" 1.2.3.4", nil),
    ]) func addresses(text: String, expected: String?) {
        #expect(IPAddress(text)?.description == expected)
        if let address = IPAddress(text) { #expect(IPAddress(bytes: address.bytes) == address) }
    }

    @Test(arguments: [
        ("10.1.2.3/24", "10.1.2.0", "10.1.2.255"), ("10.1.2.3/32", "10.1.2.3", "10.1.2.3"), ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("fd00::5/64", "fd00::", "fd00::ffff:ffff:ffff:ffff"), ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ]) func ranges(text: String, first: String, last: String) throws {
        let cidr = try #require(CIDR(text))
        #expect(cidr.description == text)
        #expect(cidr.first.description == first)
        #expect(cidr.last.description == last)
        #expect(cidr.contains(cidr.first) && cidr.contains(cidr.last))
    }

    @Test(arguments: ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+1", "10.0.0.0/", "::/129", "/8", "10.0.0.0/8/8"])
    func notRanges(text: String) { #expect(CIDR(text) == nil) }

    @Test func kinds() throws {
        #expect(try #require(IPAddress("127.0.0.9")).isLoopback && #require(IPAddress("::1")).isLoopback)
        for text in ["169.254.3.4", "fe80::1", "febf::1"] { #expect(try #require(IPAddress(text)).isLinkLocal) }
        #expect(try !#require(IPAddress("fec0::1")).isLinkLocal)
        #expect(try #require(IPAddress("224.0.0.1")).isMulticast && #require(IPAddress("ff02::1")).isMulticast)
        #expect(try #require(CIDR("10.0.0.0/8")).overlaps(#require(CIDR("10.9.0.0/16"))))
        #expect(try !#require(CIDR("10.0.0.0/16")).overlaps(#require(CIDR("10.1.0.0/16"))))
        #expect(try MACAddress(for: #require(IPAddress("10.0.1.2"))).description == "0a:58:0a:00:01:02")
        #expect(MACAddress("0a:58:0a:00:01:02")?.bytes == [10, 88, 10, 0, 1, 2])
        #expect(MACAddress("0a:58:0a:00:01") == nil && MACAddress("0a:58:0a:00:01:0g") == nil && MACAddress("a:58:0a:00:01:02") == nil)
    }
}
