package import KubeModel

/// The hostname that a pod's programs see.
package struct PodHostname: Sendable, Hashable {
    /// The short name, as /etc/hosts has it last on its line.
    package let name: String
    /// The domain of the fully qualified name; `nil` when the pod has no subdomain.
    package let domain: String?
    /// The kernel's node name, as `hostname`, /etc/hostname and `$HOSTNAME` show it.
    package let kernelName: String

    /// Longest DNS label, and longest node name of Linux (`__NEW_UTS_LEN`).
    private static let longestLabel = 63
    private static let longestKernelName = 64

    /// By kubelet's rules: `hostnameOverride`, else `hostname`, else the pod's name cut to a label; the node's name on the node's network.
    package init(of pod: Pod, nodeName: String, clusterDomain: String) throws(PlanFailure) {
        if pod.spec.usesHostNetwork {
            self.init(name: nodeName, domain: nil, kernelName: nodeName)
            return
        }
        if let override = pod.spec.hostnameOverride, !override.isEmpty {
            guard DNSName.isSubdomain(override), override.utf8.count <= Self.longestKernelName else {
                throw PlanFailure(
                    "pod HostnameOverride \"\(override)\" is not a valid DNS subdomain of at most \(Self.longestKernelName) characters: wanted "
                        + DNSName.subdomainRule)
            }
            self.init(name: override, domain: nil, kernelName: override)
            return
        }
        let name = try Self.shortName(of: pod)
        guard let subdomain = pod.spec.subdomain, !subdomain.isEmpty else {
            self.init(name: name, domain: nil, kernelName: name)
            return
        }
        guard DNSName.isLabel(subdomain) else {
            throw PlanFailure("pod Subdomain \"\(subdomain)\" is not a valid DNS label: wanted \(DNSName.labelRule)")
        }
        let domain = "\(subdomain).\(pod.namespace).svc.\(clusterDomain)"
        guard pod.spec.setHostnameAsFQDN == true else {
            self.init(name: name, domain: domain, kernelName: name)
            return
        }
        let full = "\(name).\(domain)"
        guard full.utf8.count <= Self.longestKernelName else {
            throw PlanFailure(
                "failed to construct FQDN from pod hostname and cluster domain, FQDN \(full) is too long "
                    + "(\(Self.longestKernelName) characters is the max, \(full.utf8.count) characters requested)")
        }
        self.init(name: name, domain: domain, kernelName: full)
    }

    private init(name: String, domain: String?, kernelName: String) {
        self.name = name
        self.domain = domain
        self.kernelName = kernelName
    }

    private static func shortName(of pod: Pod) throws(PlanFailure) -> String {
        if let hostname = pod.spec.hostname, !hostname.isEmpty {
            guard DNSName.isLabel(hostname) else {
                throw PlanFailure("pod Hostname \"\(hostname)\" is not a valid DNS label: wanted \(DNSName.labelRule)")
            }
            return hostname
        }
        guard DNSName.isSubdomain(pod.name) else {
            throw PlanFailure("the pod's name \"\(pod.name)\" is not a valid DNS subdomain: wanted \(DNSName.subdomainRule)")
        }
        var name = pod.name.prefix(longestLabel)
        while name.last == "-" || name.last == "." { name.removeLast() }
        return String(name)
    }
}
