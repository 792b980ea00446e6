/// An export of an NFS server.
package struct NFSExport: Sendable, Hashable {
    /// A name or an address; an IPv6 address without brackets.
    package let server: String
    package let path: String
    package let isReadOnly: Bool
    /// Options of mount.nfs (`PersistentVolume.spec.mountOptions`).
    package let options: [String]
    /// The name of the volume's folder beside other NFS volumes of its pod: kubelet's, by which tools find it.
    package let folder: String

    package init(server: String, path: String, isReadOnly: Bool = false, options: [String] = [], folder: String) {
        self.server = server
        self.path = path
        self.isReadOnly = isReadOnly
        self.options = options
        self.folder = folder
    }

    /// `server:/path`, as mount tables show it.
    package var source: String { (server.contains(":") && !server.hasPrefix("[") ? "[\(server)]" : server) + ":" + path }
}

/// A directory or a disk of this node (`PersistentVolume.spec.local`).
package struct LocalStorage: Sendable, Hashable {
    package let path: String
    /// The file system of a disk.
    package let fileSystem: String
    package let isReadOnly: Bool
    /// Options of mount(8).
    package let options: [String]
    /// As with `NFSExport`.
    package let folder: String

    package init(path: String, fileSystem: String = "ext4", isReadOnly: Bool = false, options: [String] = [], folder: String) {
        self.path = path
        self.fileSystem = fileSystem
        self.isReadOnly = isReadOnly
        self.options = options
        self.folder = folder
    }
}
