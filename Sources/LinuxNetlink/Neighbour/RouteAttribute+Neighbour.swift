extension RouteAttribute {
    enum Neighbour {
        static let destination: UInt16 = 1  // NDA_DST
        static let linkAddress: UInt16 = 2  // NDA_LLADDR
    }
}
