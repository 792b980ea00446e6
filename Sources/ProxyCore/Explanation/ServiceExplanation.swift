package import Addresses
package import KubeModel

/// The proxy's decisions about one Service, as text for a person: where it answers, which endpoints get traffic and why the others do not, and which
/// address an endpoint sees.
package struct ServiceExplanation: Sendable {
    private let service: Service
    private let slices: [EndpointSlice]
    private let output: ServiceOutput
    private let configuration: ProxyConfiguration

    init(_ service: Service, slices: [EndpointSlice], output: ServiceOutput, configuration: ProxyConfiguration) {
        self.service = service
        self.slices = slices.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
        self.output = output
        self.configuration = configuration
    }

    /// - Parameters:
    ///   - port: name or number of one of the Service's ports; `nil` for all.
    ///   - client: who asks; `nil` leaves its part out.
    package func text(port: String? = nil, from client: IPAddress? = nil) -> String {
        var lines = ["service \(service.key)"]
        lines += output.problems.map { "  not served: \($0.text)" }
        if let reason = reasonWithoutRules { return (lines + ["  \(reason)"]).joined(separator: "\n") + "\n" }
        let entries = output.entries.filter { port == nil || $0.name.port == port || "\($0.port)" == port }
        if entries.isEmpty { lines.append("  no port \(port ?? "") is served") }
        for entry in entries {
            let name = entry.name.port.isEmpty ? "" : "\(entry.name.port) "
            lines.append("port \(name)\(entry.port)/\(entry.name.transport), \(entry.family == .v4 ? "IPv4" : "IPv6")")
            lines += places(entry)
            lines += candidates(entry)
            if let seconds = entry.affinityTimeout { lines.append("  a client stays with its endpoint for \(seconds) s (sessionAffinity: ClientIP)") }
            if let client, client.family == entry.family { lines += path(of: client, to: entry) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var reasonWithoutRules: String? {
        guard output.entries.isEmpty else { return nil }
        if service.spec?.type == "ExternalName" { return "ExternalName: it is a name in DNS alone" }
        if (service.spec?.clusterIPs?.first ?? service.spec?.clusterIP) == "None" {
            return "headless: DNS gives the endpoints' own addresses, and there are no rules"
        }
        if ServiceLabels.isIgnored(service.metadata) { return "its labels give it to another proxy" }
        return "it has no address that could be served"
    }

    // MARK: Places

    private func places(_ entry: ServiceEntry) -> [String] {
        entry.frontends.map { place in
            let address = place.kind == .nodePort ? nodePortAddresses(entry.family) : "\(place.frontend.address)"
            return "  \(place.kind.rawValue) \(address) port \(place.frontend.port): \(outcome(at: place, of: entry))"
        }
    }

    private func nodePortAddresses(_ family: IPAddress.Family) -> String {
        switch configuration.nodePorts {
        case .at(let addresses):
            let own = addresses.filter { $0.family == family }.map(\.description)
            return own.isEmpty ? "(this node has no address of that family)" : own.joined(separator: ",")
        case .within(let ranges):
            let own = ranges.filter { $0.family == family }.map(\.description)
            return own.isEmpty ? "(nodePortAddresses has no range of that family)" : "addresses of this node within \(own.joined(separator: ","))"
        }
    }

    private func outcome(at place: ServiceFrontend, of entry: ServiceEntry) -> String {
        guard entry.hasEndpoints else { return "refused, no endpoint of the cluster can serve" }
        let policy = place.isExternal ? entry.externalPolicy : entry.internalPolicy
        let chosen = entry.endpoints(at: place)
        var text = chosen.isEmpty ? "dropped, policy Local and no endpoint on this node" : Self.count(chosen)
        if policy == .local, !chosen.isEmpty { text += " on this node (policy Local)" }
        if policy == .local, place.isExternal { text += "; clients of the cluster: \(Self.count(entry.endpoints))" }
        if place.kind == .loadBalancer, let ranges = entry.sourceRanges {
            text += "; only clients in \(ranges.isEmpty ? "no range" : ranges.map(\.description).joined(separator: ","))"
        }
        return text
    }

    private static func count(_ endpoints: [Endpoint]) -> String { endpoints.count == 1 ? "1 endpoint" : "\(endpoints.count) endpoints" }

    // MARK: Endpoints

    private func candidates(_ entry: ServiceEntry) -> [String] {
        let own = slices.filter { $0.addressType == (entry.family == .v4 ? "IPv4" : "IPv6") }
        let found = own.flatMap { slice in
            (slice.ports ?? []).filter { ($0.name ?? "") == entry.name.port && TransportProtocol(field: $0.protocol) == entry.name.transport }
                .flatMap { port in (slice.endpoints ?? []).map { line($0, port: port.port, entry) } }
        }
        return found.isEmpty ? ["  no EndpointSlice has an endpoint for it"] : found
    }

    private func line(_ endpoint: EndpointSlice.Endpoint, port: Int?, _ entry: ServiceEntry) -> String {
        let text = endpoint.addresses.first ?? "(no address)"
        let place = endpoint.nodeName.map { $0 == configuration.nodeName ? "this node" : "node \($0)" } ?? "no node"
        return "  endpoint \(text) port \(port.map(String.init) ?? "(none)"), \(place): \(fate(endpoint, text, port: port, entry))"
    }

    private func fate(_ endpoint: EndpointSlice.Endpoint, _ text: String, port: Int?, _ entry: ServiceEntry) -> String {
        guard let address = IPAddress(text), address.family == entry.family else { return "no traffic, its address cannot be read" }
        if let reason = address.reasonNotToServe { return "no traffic, \(reason)" }
        guard let number = port.flatMap({ UInt16(exactly: $0) }), number > 0 else { return "no traffic, its slice names no port" }
        let target = Endpoint.Target(address: address, port: number)
        let (cluster, local) = (entry.endpoints.contains { $0.target == target }, entry.localEndpoints.contains { $0.target == target })
        let traits = EndpointTraits(endpoint, nodeName: configuration.nodeName, zone: configuration.zone)
        if cluster || local {
            return (traits.contains(.ready) ? "gets traffic" : "gets traffic although it is terminating, no other is ready")
                + (cluster ? "" : " by policy Local alone")
        }
        if traits.contains(.leaving) { return "no traffic, it is terminating and others are ready" }
        guard traits.contains(.ready) else { return "no traffic, it is not ready" }
        return "no traffic from this node, its hints are for \(Self.hints(endpoint))"
    }

    private static func hints(_ endpoint: EndpointSlice.Endpoint) -> String {
        let nodes = (endpoint.hints?.forNodes ?? []).map { "node \($0.name)" }
        let names = nodes + (endpoint.hints?.forZones ?? []).map { "zone \($0.name)" }
        return names.isEmpty ? "others" : names.joined(separator: ", ")
    }

    // MARK: A client

    private func path(of client: IPAddress, to entry: ServiceEntry) -> [String] {
        let isOwnPod = configuration.podCIDRs.contains { $0.contains(client) }
        let isNode = configuration.nodeAddresses.contains(client)
        let isOfCluster = configuration.localRanges.contains { $0.contains(client) }
        let isPod = (configuration.podCIDRs + configuration.clusterCIDRs).contains { $0.contains(client) }
        let who = isOwnPod ? "a pod of this node" : isNode ? "this node" : isPod ? "a pod of the cluster" : "outside the cluster"
        return ["  from \(client) (\(who)):"]
            + entry.frontends.map { place in
                let isLocal = place.isExternal && entry.externalPolicy == .local
                let endpoints = isLocal && (isOfCluster || isNode) ? entry.endpoints : entry.endpoints(at: place)
                let text = fate(of: client, isOfCluster: isOfCluster, isNode: isNode, at: place, isLocal: isLocal, endpoints, entry)
                return "    \(place.kind.rawValue) port \(place.frontend.port): \(text)"
            }
    }

    private func fate(
        of client: IPAddress, isOfCluster: Bool, isNode: Bool, at place: ServiceFrontend, isLocal: Bool, _ endpoints: [Endpoint],
        _ entry: ServiceEntry
    ) -> String {
        if place.kind == .loadBalancer, let ranges = entry.sourceRanges, !ranges.contains(where: { $0.contains(client) }) {
            return "dropped, not in loadBalancerSourceRanges"
        }
        guard entry.hasEndpoints else { return "refused" }
        guard !endpoints.isEmpty else { return "dropped" }
        let targets = endpoints.prefix(5).map(\.description).joined(separator: " ") + (endpoints.count > 5 ? " and \(endpoints.count - 5) more" : "")
        let seen: String
        if endpoints.count == 1, endpoints[0].address == client {
            seen = "masqueraded, it reaches itself"
        } else if place.isExternal {
            seen = isLocal && !isNode ? "keeps its address" : "masqueraded, so that the answer comes back here"
        } else if configuration.masqueradesAll {
            seen = "masqueraded (masqueradeAll)"
        } else {
            seen = isOfCluster ? "keeps its address" : "masqueraded, it is not of the pod network"
        }
        return "to \(targets); \(seen)"
    }
}

extension ServiceModel {
    /// `nil` when there is no such Service.
    package func explanation(of key: ObjectKey) -> ServiceExplanation? {
        guard let (service, slices, output) = subject(key) else { return nil }
        return ServiceExplanation(service, slices: slices, output: output, configuration: configuration)
    }
}
