extension RouteAttribute {
    enum Route {
        static let destination: UInt16 = 1  // RTA_DST
        static let outputLink: UInt16 = 4  // RTA_OIF
        static let gateway: UInt16 = 5  // RTA_GATEWAY
        static let priority: UInt16 = 6  // RTA_PRIORITY
        static let preferredSource: UInt16 = 7  // RTA_PREFSRC
        static let table: UInt16 = 15  // RTA_TABLE
        static let onLink: UInt32 = 4  // RTNH_F_ONLINK
    }
}
