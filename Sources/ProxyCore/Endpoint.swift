package import Addresses

/// A target of packets: a pod's address and port.
package struct Endpoint: Sendable, Hashable {
    package let target: Target
    /// On this node.
    package let isLocal: Bool

    package init(address: IPAddress, port: UInt16, isLocal: Bool) {
        target = Target(address: address, port: port)
        self.isLocal = isLocal
    }

    /// An address and a port.
    package struct Target: Sendable, Hashable {
        package let address: IPAddress
        package let port: UInt16

        package init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    package var address: IPAddress { target.address }
    package var port: UInt16 { target.port }
}

extension Endpoint: Comparable {
    package static func < (left: Endpoint, right: Endpoint) -> Bool {
        left.address == right.address ? left.port < right.port : left.address < right.address
    }
}

extension Endpoint: CustomStringConvertible {
    /// `10.244.0.2:8080`, `[fd00::2]:8080`
    package var description: String { address.isV6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}
