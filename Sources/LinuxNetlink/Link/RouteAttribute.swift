import CMnl

/// The rtnetlink attribute numbers in use here, by their meaning.
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

    enum Address {
        static let address: UInt16 = 1  // IFA_ADDRESS
        static let local: UInt16 = 2  // IFA_LOCAL
        static let broadcast: UInt16 = 4  // IFA_BROADCAST
        static let flags: UInt16 = 8  // IFA_FLAGS
        static let noDuplicateDetection: UInt32 = 0x02  // IFA_F_NODAD
        static let permanent: UInt32 = 0x80  // IFA_F_PERMANENT
    }

    enum Route {
        static let destination: UInt16 = 1  // RTA_DST
        static let outputLink: UInt16 = 4  // RTA_OIF
        static let gateway: UInt16 = 5  // RTA_GATEWAY
        static let priority: UInt16 = 6  // RTA_PRIORITY
        static let preferredSource: UInt16 = 7  // RTA_PREFSRC
        static let table: UInt16 = 15  // RTA_TABLE
        static let onLink: UInt32 = 4  // RTNH_F_ONLINK
    }

    enum Neighbour {
        static let destination: UInt16 = 1  // NDA_DST
        static let linkAddress: UInt16 = 2  // NDA_LLADDR
    }

    static let create = Int32(NLM_F_CREATE | NLM_F_EXCL)
    static let replace = Int32(NLM_F_CREATE | NLM_F_REPLACE)
}
