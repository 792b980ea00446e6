extension RouteAttribute {
    enum Address {
        static let address: UInt16 = 1  // IFA_ADDRESS
        static let local: UInt16 = 2  // IFA_LOCAL
        static let broadcast: UInt16 = 4  // IFA_BROADCAST
        static let flags: UInt16 = 8  // IFA_FLAGS
        static let noDuplicateDetection: UInt32 = 0x02  // IFA_F_NODAD
        static let permanent: UInt32 = 0x80  // IFA_F_PERMANENT
    }
}
