import CMnl

/// The rtnetlink attribute numbers in use here, by their meaning. Attributes of addresses, routes and neighbours are in their folders.
enum RouteAttribute {
    enum Link {
        static let address: UInt16 = 1  // IFLA_ADDRESS
        static let name: UInt16 = 3  // IFLA_IFNAME
        static let mtu: UInt16 = 4  // IFLA_MTU
        static let link: UInt16 = 5  // IFLA_LINK
        static let master: UInt16 = 10  // IFLA_MASTER
        static let info: UInt16 = 18  // IFLA_LINKINFO
        static let namespaceDescriptor: UInt16 = 28  // IFLA_NET_NS_FD
        static let infoKind: UInt16 = 1  // IFLA_INFO_KIND
        static let infoData: UInt16 = 2  // IFLA_INFO_DATA
        static let infoPortKind: UInt16 = 4  // IFLA_INFO_SLAVE_KIND
        static let infoPortData: UInt16 = 5  // IFLA_INFO_SLAVE_DATA
        static let vethPeer: UInt16 = 1  // VETH_INFO_PEER
        static let bridgePortHairpin: UInt16 = 4  // IFLA_BRPORT_MODE
    }

    static let create = Int32(NLM_F_CREATE | NLM_F_EXCL)
    static let replace = Int32(NLM_F_CREATE | NLM_F_REPLACE)
}
