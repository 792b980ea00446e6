import Addresses
package import KubeModel

/// The /etc/resolv.conf of a pod, within the resolver's limits.
package struct ResolverConfiguration: Sendable, Hashable {
    package var nameservers: [String] = []
    package var searches: [String] = []
    package var options: [String] = []

    /// The file of a machine, unless its operator has chosen another.
    package static let defaultPath = "/etc/resolv.conf"

    package init() {}

    /// Reads the node's file; unknown lines are skipped.
    package init(parsing text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let keyword = fields.first, !keyword.hasPrefix("#"), !keyword.hasPrefix(";") else { continue }
            switch keyword {
            case "nameserver": if fields.count > 1 { nameservers.append(fields[1]) }
            case "search": searches = fields.dropFirst().map { $0 == "." ? $0 : Self.withoutTrailingDot($0) }
            case "options": for option in fields.dropFirst() { set(option) }
            default: break
            }
        }
    }

    /// Whether every nameserver is this machine's loopback: in a pod's network none of them answers.
    package var isLoopbackOnly: Bool { !nameservers.isEmpty && nameservers.allSatisfy { IPAddress($0)?.isLoopback == true } }

    package var text: String {
        var text = ""
        if !searches.isEmpty { text += "search \(searches.joined(separator: " "))\n" }
        for server in nameservers { text += "nameserver \(server)\n" }
        if !options.isEmpty { text += "options \(options.joined(separator: " "))\n" }
        return text
    }

    private static func withoutTrailingDot(_ domain: String) -> String {
        domain.hasSuffix(".") ? String(domain.dropLast()) : domain
    }
}

extension ResolverConfiguration {
    /// The node's part of a pod's DNS.
    package struct Node: Sendable, Hashable {
        package var clusterDNS: [String]
        package var clusterDomain: String
        package var host: ResolverConfiguration

        package init(clusterDNS: [String], clusterDomain: String, host: ResolverConfiguration) {
            self.clusterDNS = clusterDNS
            self.clusterDomain = clusterDomain
            self.host = host
        }
    }

    /// Limits of the resolver, and of kubelet (`validation.MaxDNS...`).
    private static let maxNameservers = 3
    private static let maxSearches = 32
    private static let maxSearchCharacters = 2048

    /// Returns the configuration for a pod, and the events that report lines left out of it.
    package static func forPod(_ pod: Pod, node: Node) -> (ResolverConfiguration, [PodEventRecord]) {
        var events: [PodEventRecord] = []
        var result = base(pod, node, &events)
        if let config = pod.spec.dnsConfig {
            result.nameservers = unique(result.nameservers + (config.nameservers ?? []))
            result.searches = unique(result.searches + (config.searches ?? []))
            result.merge(config.options ?? [])
        }
        result.trim(&events)
        return (result, events)
    }

    private static func base(_ pod: Pod, _ node: Node, _ events: inout [PodEventRecord]) -> ResolverConfiguration {
        switch pod.spec.dnsPolicy ?? .clusterFirst {
        case .none: return ResolverConfiguration()
        case .default: return node.host
        case .clusterFirst where pod.spec.usesHostNetwork: return node.host
        case .clusterFirst, .clusterFirstWithHostNet: break
        }
        guard !node.clusterDNS.isEmpty else {
            events.append(
                PodEventRecord(
                    .warning, "MissingClusterDNS",
                    "pod: \"\(pod.name)_\(pod.namespace)(\(pod.uid))\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"\(pod.spec.dnsPolicy?.rawValue ?? "ClusterFirst")\" policy. Falling back to \"Default\" policy."
                ))
            return node.host
        }
        var result = ResolverConfiguration()
        result.nameservers = node.clusterDNS
        let domain = node.clusterDomain
        let own = domain.isEmpty ? [] : ["\(pod.namespace).svc.\(domain)", "svc.\(domain)", domain]
        result.searches = unique(own + node.host.searches)
        result.options = ["ndots:5"]
        return result
    }

    /// An option of the pod replaces the node's option of that name.
    private mutating func merge(_ changes: [PodDNSConfig.Option]) {
        for change in changes {
            guard let name = change.name else { continue }
            set(change.value.map { "\(name):\($0)" } ?? name)
        }
    }

    /// Adds an option, in place of an earlier one of its name.
    private mutating func set(_ option: String) {
        let name = option.prefix { $0 != ":" }
        options.removeAll { $0.prefix { $0 != ":" } == name }
        options.append(option)
    }

    private mutating func trim(_ events: inout [PodEventRecord]) {
        if nameservers.count > Self.maxNameservers {
            nameservers = Array(nameservers.prefix(Self.maxNameservers))
            events.append(
                PodEventRecord(
                    .warning, "DNSConfigForming",
                    "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: \(nameservers.joined(separator: " "))"
                ))
        }
        let before = searches.count
        searches = Array(searches.prefix(Self.maxSearches))
        while searches.joined(separator: " ").utf8.count > Self.maxSearchCharacters { searches.removeLast() }
        if searches.count < before {
            events.append(
                PodEventRecord(
                    .warning, "DNSConfigForming",
                    "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: \(searches.joined(separator: " "))"
                ))
        }
    }

    private static func unique(_ values: [String]) -> [String] {
        var seen: Set<String> = []
        return values.filter { seen.insert($0).inserted }
    }
}
