import Nftables
import Testing

@testable import ProxyCore

@Suite struct IPAddressTests {
    @Test(arguments: ["10.96.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "fd00::1", "2001:db8:0:1::", "1:2:3:4:5:6:7:8", "fe80::1:2"])
    func textSurvives(text: String) { #expect(IPAddress(text)?.description == text) }

    @Test func otherSpellings() {
        #expect(IPAddress("2001:DB8::0:1")?.description == "2001:db8::1")
        #expect(IPAddress("::ffff:10.0.0.1")?.description == "::ffff:a00:1")
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.1.2", "10.0.0.256", "10.0.0.01", "10.0.0.+1", "10.0.0.1 ", "None", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
        ":::", "12345::",
        "fe80::1%eth0", "g::1", "1:2:3:4:5:6:7::8:9", "1.2.3.4::", "+1::",
    ])
    func nonsenseIsRefused(text: String) { #expect(IPAddress(text) == nil) }

    @Test func prefixes() throws {
        let prefix = try #require(IPPrefix("10.244.3.9/22"))
        #expect(prefix.description == "10.244.0.0/22" && prefix.lastBytes == [10, 244, 3, 255])
        #expect(prefix.contains(IPAddress("10.244.3.1")!) && !prefix.contains(IPAddress("10.244.4.1")!))
        #expect(IPPrefix("10.0.0.0/8")!.contains(prefix) && !prefix.contains(IPPrefix("10.0.0.0/8")!))
        #expect(IPPrefix("0.0.0.0/0")?.lastBytes == [255, 255, 255, 255])
        #expect(IPPrefix("fd00::/8")?.contains(IPAddress("fd12::1")!) == true)
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "x/8", "::/129", "10.0.0.0/+8"] {
            #expect(IPPrefix(text) == nil, "\(text)")
        }
    }
}
