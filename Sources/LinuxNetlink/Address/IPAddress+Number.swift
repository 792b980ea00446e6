package import Addresses
import Glibc

extension IPAddress.Family {
    /// AF_INET or AF_INET6.
    package var number: UInt8 { UInt8(self == .v4 ? AF_INET : AF_INET6) }

    /// `nil` for every other address family.
    package init?(number: UInt8) {
        switch Int32(number) {
        case AF_INET: self = .v4
        case AF_INET6: self = .v6
        default: return nil
        }
    }
}
