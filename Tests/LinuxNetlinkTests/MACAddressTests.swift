import Addresses
import LinuxNetlink
import Testing

@Suite struct MACAddressTests {
    @Test("a link address follows from the IP address that it belongs to") func forAnAddress() throws {
        #expect(try MACAddress(for: #require(IPAddress("10.0.1.2"))).description == "0a:58:0a:00:01:02")
    }

    @Test("six pairs of hexadecimal digits with colons between are a link address, nothing else is") func text() {
        #expect(MACAddress("0a:58:0a:00:01:02")?.bytes == [10, 88, 10, 0, 1, 2])
        #expect(MACAddress("0a:58:0a:00:01") == nil && MACAddress("0a:58:0a:00:01:0g") == nil && MACAddress("a:58:0a:00:01:02") == nil)
    }
}
