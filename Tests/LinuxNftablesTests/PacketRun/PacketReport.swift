import Addresses

/// How a machine has seen a packet.
struct PacketReport: Sendable, Hashable {
    let target: SocketAddress
    let source: IPAddress

    init(target: SocketAddress, source: IPAddress) {
        self.target = target
        self.source = source
    }

    var text: String { "\(target.address) \(target.port) \(source)" }

    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 3, let address = IPAddress(words[0]), let port = UInt16(words[1]), let source = IPAddress(words[2]) else { return nil }
        self.init(target: SocketAddress(address: address, port: port), source: source)
    }
}
