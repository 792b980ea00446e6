package import Addresses
package import Nftables

/// A client's endpoint at a frontend, as packets have left it in the kernel.
package struct ClientAffinity: Sendable, Hashable {
    package let client: IPAddress
    package let frontend: Frontend
    package let target: Endpoint.Target

    package init(client: IPAddress, frontend: Frontend, target: Endpoint.Target) {
        self.client = client
        self.frontend = frontend
        self.target = target
    }

    /// Reads an element of `AffinityRules.schema`; `nil` if it is another one's.
    package init?(_ element: Element, in family: TableFamily) {
        let size = family.addresses.size
        let key = element.key.array
        guard case .data(let data) = element.value, key.count == 2 * size + 8, data.count == size + 4,
            let client = IPAddress(bytes: key[..<size]), let address = IPAddress(bytes: key[size..<(2 * size)]),
            let transport = TransportProtocol(number: key[2 * size]),
            let target = IPAddress(bytes: data.array[..<size])
        else { return nil }
        func port(_ bytes: [UInt8], _ offset: Int) -> UInt16 { UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]) }
        self.init(
            client: client, frontend: Frontend(address: address, transport: transport, port: port(key, 2 * size + 4)),
            target: Endpoint.Target(address: target, port: port(data.array, size)))
    }
}
