import Addresses
import TestSupport
import Testing

@Suite struct IPAddressTests {
    @Test(
        "an address in its canonical form is printed as it was read",
        arguments: [
            "10.0.0.1", "10.96.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fd00::1", "2001:db8:0:1::", "1:2:3:4:5:6:7:8", "fe80::1:2",
            "::ffff:1.2.3.4", "::ffff:0:102:304", "1:2:3:0:5:6:7:8", "1:0:0:4::8", "1::5:0:0:8",
            "64:ff9b::102:304", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::102:304",
        ])
    func canonical(text: String) { #expect(IPAddress(text)?.description == text) }

    @Test(
        "another spelling is printed in the canonical form",
        arguments: [
            ("fd00:0::1", "fd00::1"), ("2001:DB8::0:1", "2001:db8::1"), ("0:0:0:0:0:0:0:0", "::"), ("0000:0001::", "0:1::"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("::ffff:a00:1", "::ffff:10.0.0.1"),
            ("0:0:0:0:0:ffff:10.0.0.1", "::ffff:10.0.0.1"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), ("::1.2.3.4", "::102:304"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("1::2:0:0:3:0", "1::2:0:0:3:0"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ])
    func otherSpellings(text: String, canonical: String) { #expect(IPAddress(text)?.description == canonical) }

    @Test(
        "text that is not exactly one address is refused",
        arguments: [
            "", " ", "None", "1.2.3", "10.0.0", "10.0.0.1.2", "10.0.0.256", "1.2.3.256", "1.2.3.1000", "1..2.3", ".1.2.3.4", "1.2.3.4.",
            " 1.2.3.4", "10.0.0.1 ", "10.0.0.+1", "10.0.0.-1", "0x7f.0.0.1", "2130706433", "1.2.3.4\0", "1.2.3.\u{664}", "1.2.3.4/8",
            "1.2.3.4:80",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8", ":", ":::", "::1::",
            "1::2::3", "1:2:3:4:5:6:7::8:9", "1:2:3:4::5:6:7:8", "12345::", "00001::", "g::1", "+1::", "::+1", "::1 ",
            "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.256",
            "fe80::1%eth0", "::1%1", "[::1]", "[::1]:80", "::1/128",
        ])
    func nonsense(text: String) { #expect(IPAddress(text) == nil) }

    @Test("a leading zero of an IPv4 part is refused", arguments: ["10.0.0.01", "010.0.0.1", "10.00.0.1", "10.0.0.001", "::ffff:1.2.3.04"])
    func leadingZeros(text: String) { #expect(IPAddress(text) == nil) }

    @Test("an address survives printing and reading, and its bytes do", arguments: IPAddress.Family.allCases)
    func roundTrip(family: IPAddress.Family) throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<4000 {
            // Groups are zero or short often enough for every form of a shortened address to appear.
            let value = (0..<8).reduce(UInt128(0)) { value, _ in
                let group = UInt16(truncatingIfNeeded: generator.next())
                return value << 16 | UInt128([0, 0, 0xffff, group & 0xf, group].randomElement(using: &generator) ?? 0)
            }
            let address = IPAddress(family: family, value: value)
            #expect(IPAddress(address.description) == address, "\(address.bytes)")
            #expect(IPAddress(bytes: address.bytes) == address)
        }
    }

    @Test("bytes of another number than 4 or 16 are not an address") func bytes() {
        #expect(IPAddress(bytes: [10, 0, 0, 1])?.description == "10.0.0.1")
        for count in [0, 1, 3, 5, 15, 17] { #expect(IPAddress(bytes: [UInt8](repeating: 0, count: count)) == nil) }
    }

    @Test("loopback, link-local and multicast addresses are recognised") func kinds() throws {
        #expect(try #require(IPAddress("127.0.0.9")).isLoopback && #require(IPAddress("::1")).isLoopback)
        #expect(try !#require(IPAddress("128.0.0.1")).isLoopback && !#require(IPAddress("::2")).isLoopback)
        for text in ["169.254.3.4", "fe80::1", "febf::1"] { #expect(try #require(IPAddress(text)).isLinkLocal) }
        #expect(try !#require(IPAddress("fec0::1")).isLinkLocal)
        #expect(try #require(IPAddress("224.0.0.1")).isMulticast && #require(IPAddress("ff02::1")).isMulticast)
        #expect(IPAddress("0.0.0.0") == IPAddress.Family.v4.unspecified && IPAddress("::") == IPAddress.Family.v6.unspecified)
        #expect(IPAddress.Family.v6.unspecified.isUnspecified)
    }

    @Test("addresses are ordered by family, then by value") func order() throws {
        let texts = ["9.0.0.1", "10.0.0.1", "10.0.0.2", "::1", "fd00::"]
        #expect(try texts.reversed().map { try #require(IPAddress($0)) }.sorted().map(\.description) == texts)
    }
}
