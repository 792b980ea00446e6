import Addresses
import Testing

@Suite struct FrontendTests {
    @Test("a protocol field names the protocol, a missing or empty one means TCP") func fields() {
        #expect(TransportProtocol(field: nil) == .tcp && TransportProtocol(field: "") == .tcp && TransportProtocol(field: "SCTP") == .sctp)
        for text in ["tcp", "ICMP", " UDP"] { #expect(TransportProtocol(field: text) == nil) }
        #expect(TransportProtocol.allCases.map(\.number) == [6, 17, 132])
    }

    @Test("a frontend is written as address, port and protocol, IPv6 in brackets") func text() throws {
        #expect(try Frontend(address: #require(IPAddress("10.96.0.1")), transport: .tcp, port: 80).description == "10.96.0.1:80/TCP")
        #expect(try Frontend(address: #require(IPAddress("::")), transport: .udp, port: 53).description == "[::]:53/UDP")
    }
}
