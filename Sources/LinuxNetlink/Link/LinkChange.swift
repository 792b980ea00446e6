/// Changes of an interface; a field that is `nil` stays as it is.
package struct LinkChange: Sendable, Hashable {
    package var up: Bool?
    package var promiscuous: Bool?
    package var mtu: UInt32?
    package var mac: MACAddress?
    package var name: String?
    /// The bridge to become a port of, 0 for none.
    package var master: UInt32?
    /// For bridge ports: frames may leave where they came in.
    package var hairpin: Bool?

    package init(
        up: Bool? = nil, promiscuous: Bool? = nil, mtu: UInt32? = nil, mac: MACAddress? = nil, name: String? = nil, master: UInt32? = nil,
        hairpin: Bool? = nil
    ) {
        self.up = up
        self.promiscuous = promiscuous
        self.mtu = mtu
        self.mac = mac
        self.name = name
        self.master = master
        self.hairpin = hairpin
    }
}
