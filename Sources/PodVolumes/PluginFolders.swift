package import LinuxSystem

/// The folders in kubelet's root where plugins of the node have their sockets.
///
/// DaemonSets of CSI drivers, device plugins and monitoring mount them by `hostPath` of type `Directory`, and do not start where they are missing.
package enum PluginFolders {
    static let names = ["plugins", "plugins_registry", "device-plugins", "pod-resources"]

    /// Makes the folders that are missing, for root and its group. Existing ones stay as they are. Blocking.
    /// - Parameter root: `/var/lib/kubelet`.
    package static func make(in root: String) throws(SystemError) {
        for name in names { try Directories.make("\(root)/\(name)", mode: 0o750) }
    }
}
