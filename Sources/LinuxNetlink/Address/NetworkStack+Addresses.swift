package import Addresses
import CMnl

extension NetworkStack {
    /// All addresses of both families.
    package func addresses() throws(NetlinkError) -> [InterfaceAddress] {
        var message = NetlinkMessage("RTM_GETADDR", type: RTM_GETADDR)
        message.append(ifaddrmsg())
        return try socket.dump(message).compactMap(InterfaceAddress.init)
    }

    /// Gives an interface an address; succeeds if it has it already. IPv6 addresses are usable at once: no other machine can
    /// have them, so duplicate address detection would only cost a second.
    package func addAddress(_ cidr: CIDR, to link: UInt32) throws(NetlinkError) {
        var message = message("RTM_NEWADDR", RTM_NEWADDR, RouteAttribute.create, cidr, link)
        if cidr.family == .v6 {
            message.attribute(RouteAttribute.Address.flags, RouteAttribute.Address.noDuplicateDetection)
        } else if cidr.prefixLength < 31 {
            message.attribute(RouteAttribute.Address.broadcast, bytes: cidr.last.bytes)
        }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            guard error.isAlreadyThere else { throw error.about("\(cidr) on link \(link)") }
        }
    }

    /// Removes an address; succeeds if the interface does not have it.
    package func removeAddress(_ cidr: CIDR, from link: UInt32) throws(NetlinkError) {
        do throws(NetlinkError) {
            try socket.transact(message("RTM_DELADDR", RTM_DELADDR, 0, cidr, link))
        } catch {
            guard error.isNotFound else { throw error.about("\(cidr) on link \(link)") }
        }
    }

    private func message(_ name: String, _ type: some BinaryInteger, _ flags: Int32, _ cidr: CIDR, _ link: UInt32) -> NetlinkMessage {
        var message = NetlinkMessage(name, type: type, flags: flags)
        var header = ifaddrmsg()
        header.ifa_family = cidr.family.number
        header.ifa_prefixlen = UInt8(cidr.prefixLength)
        header.ifa_index = link
        message.append(header)
        message.attribute(RouteAttribute.Address.local, bytes: cidr.address.bytes)
        message.attribute(RouteAttribute.Address.address, bytes: cidr.address.bytes)
        return message
    }
}
