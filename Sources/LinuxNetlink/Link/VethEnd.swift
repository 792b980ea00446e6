package import LinuxSystem

/// One end of a veth pair to be made.
package struct VethEnd: Sendable {
    /// At most 15 bytes.
    package var name: String
    package var mac: MACAddress?
    package var mtu: UInt32?
    /// The bridge that it becomes a port of.
    package var master: UInt32?
    /// Where it is put; `nil` is the namespace of the stack.
    package var namespace: OwnedFileDescriptor?

    package init(name: String, mac: MACAddress? = nil, mtu: UInt32? = nil, master: UInt32? = nil, namespace: OwnedFileDescriptor? = nil) {
        self.name = name
        self.mac = mac
        self.mtu = mtu
        self.master = master
        self.namespace = namespace
    }
}
