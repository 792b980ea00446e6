package import Addresses
import CMnl

extension NetworkStack {
    /// The neighbours of both families.
    package func neighbours() throws(NetlinkError) -> [Neighbour] {
        var message = NetlinkMessage("RTM_GETNEIGH", type: RTM_GETNEIGH)
        message.append(ndmsg())
        return try socket.dump(message).compactMap(Neighbour.init)
    }

    /// Makes the entry and replaces an earlier one for the address on this link.
    package func replaceNeighbour(_ neighbour: Neighbour) throws(NetlinkError) {
        var message = message(
            "RTM_NEWNEIGH", RTM_NEWNEIGH, RouteAttribute.replace, neighbour.address, neighbour.link, permanent: neighbour.isPermanent)
        if let mac = neighbour.mac { message.attribute(RouteAttribute.Neighbour.linkAddress, bytes: mac.bytes) }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about("neighbour \(neighbour.address)")
        }
    }

    /// Removes an entry; succeeds if it does not exist.
    package func deleteNeighbour(_ address: IPAddress, on link: UInt32) throws(NetlinkError) {
        do throws(NetlinkError) {
            try socket.transact(message("RTM_DELNEIGH", RTM_DELNEIGH, 0, address, link, permanent: false))
        } catch {
            guard error.isNotFound else { throw error.about("neighbour \(address)") }
        }
    }

    private func message(
        _ name: String, _ type: some BinaryInteger, _ flags: Int32, _ address: IPAddress, _ link: UInt32, permanent: Bool
    ) -> NetlinkMessage {
        var message = NetlinkMessage(name, type: type, flags: flags)
        var header = ndmsg()
        header.ndm_family = address.family.number
        header.ndm_ifindex = Int32(bitPattern: link)
        header.ndm_state = permanent ? Neighbour.permanentState : Neighbour.reachableState
        message.append(header)
        message.attribute(RouteAttribute.Neighbour.destination, bytes: address.bytes)
        return message
    }
}
