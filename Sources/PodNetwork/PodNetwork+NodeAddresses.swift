import Addresses
package import PodCore

extension PodNetwork {
    /// The node's addresses as its network sees them.
    package struct NodeAddresses: Sendable, Hashable {
        /// The addresses by which other nodes reach this one: at most one of each family, IPv4 first. Empty when none can be found.
        package var reachable: [String]
        /// All addresses of the machine that are valid beyond one link.
        package var present: Set<String>
    }

    /// Takes the API server's addresses as the way to this node's own, for a machine without a default route.
    /// - Parameter addresses: looks up the server's name; asked only where it is needed.
    package func setServer(_ addresses: @escaping @Sendable () async -> [String]) { serverAddresses = addresses }

    /// Looks for the node's addresses: those of the interfaces with default routes, else those of packets to the API server. What was found stays as
    /// long as the machine has it.
    package func nodeAddresses() async throws(NetworkFailure) -> NodeAddresses {
        let (settings, before) = (settings, heldAddresses)
        var held = try await kernel("find the node's addresses") {
            var found = before
            try NodeBridge(settings: settings).findAddresses(&found)
            return found
        }
        if held.chosen.isEmpty, let serverAddresses {
            let hosts = await serverAddresses().compactMap { IPAddress($0) }
            held.update(
                towardsServer: try await kernel("find the way to the API server") { try NodeBridge(settings: settings).sources(towards: hosts) })
        }
        heldAddresses = held
        return NodeAddresses(reachable: held.chosen.map(\.description), present: Set(held.present.map(\.description)))
    }
}
