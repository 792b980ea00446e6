import CMnl

/// A netlink family, the third argument of `socket(AF_NETLINK, SOCK_RAW, …)`.
package struct NetlinkBus: RawRepresentable, Sendable, Hashable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    /// Links, addresses, routes, neighbours.
    package static let route = NetlinkBus(rawValue: NETLINK_ROUTE)
    /// nf_tables and conntrack.
    package static let netfilter = NetlinkBus(rawValue: NETLINK_NETFILTER)
}
