package import KubeModel

/// The /etc/hosts of a pod's containers, word for word as kubelet writes it.
package enum HostsFile {
    /// For a pod with a network of its own.
    package static func content(podIPs: [String], hostname: String, domain: String?, aliases: [HostAlias]) -> String {
        var text = """
            # Kubernetes-managed hosts file.
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::0\tip6-localnet
            fe00::0\tip6-mcastprefix
            fe00::1\tip6-allnodes
            fe00::2\tip6-allrouters

            """
        for ip in podIPs {
            if let domain, !domain.isEmpty {
                text += "\(ip)\t\(hostname).\(domain)\t\(hostname)\n"
            } else {
                text += "\(ip)\t\(hostname)\n"
            }
        }
        return text + entries(aliases)
    }

    /// For a pod on the node's network: the node's own file.
    package static func hostNetworkContent(nodeFile: String, aliases: [HostAlias]) -> String {
        "# Kubernetes-managed hosts file (host network).\n" + nodeFile + entries(aliases)
    }

    private static func entries(_ aliases: [HostAlias]) -> String {
        guard !aliases.isEmpty else { return "" }
        let lines = aliases.map { "\($0.ip)\t\(($0.hostnames ?? []).joined(separator: "\t"))\n" }
        return "\n# Entries added by HostAliases.\n" + lines.joined()
    }
}
