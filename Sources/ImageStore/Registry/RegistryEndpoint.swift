import NIOSSL

/// One server of a registry's content.
struct RegistryEndpoint: Sendable {
    let scheme: String
    /// `host[:port]`
    let authority: String
    /// The name of this server in pull secrets: the registry's name in references, a mirror's own host.
    let credentialName: String
    /// Empty, or a path that the mirror serves the registry under, with a leading slash.
    let prefix: String
    /// `nil` for the system's authorities.
    let tls: TLSConfiguration?

    var base: String { "\(scheme)://\(authority)\(prefix)" }

    /// The mirrors of a registry and then the registry itself.
    static func all(of domain: String, in configuration: RegistryConfiguration) throws(ImageStoreError) -> [RegistryEndpoint] {
        let host = configuration.hosts[domain] ?? RegistryConfiguration.Host()
        let tls = tlsConfiguration(host)
        var endpoints: [RegistryEndpoint] = []
        for text in host.endpoints { endpoints.append(try parse(text, host, tls)) }
        // Docker's registry has another name than its images carry.
        let authority = domain == ImageReference.defaultDomain ? "registry-1.docker.io" : domain
        let plain = host.insecure || isLoopback(authority)
        endpoints.append(RegistryEndpoint(scheme: plain ? "http" : "https", authority: authority, credentialName: domain, prefix: "", tls: tls))
        return endpoints
    }

    private static func parse(
        _ text: String, _ host: RegistryConfiguration.Host, _ tls: TLSConfiguration?
    ) throws(ImageStoreError) -> RegistryEndpoint {
        var rest = Substring(text)
        var scheme: String?
        for known in ["https", "http"] where rest.hasPrefix("\(known)://") {
            scheme = known
            rest = rest.dropFirst(known.count + 3)
        }
        let authority = rest.prefix { $0 != "/" }
        var prefix = rest[authority.endIndex...]
        while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        guard ReferenceGrammar.isDomain(authority), !prefix.contains(where: { $0 == "?" || $0 == "#" || $0 == " " || $0 == "%" }) else {
            throw ImageStoreError(.unsupported, "read registry configuration", text, "wanted an endpoint like https://mirror.example:5000/prefix")
        }
        let plainAllowed = host.insecure || isLoopback(String(authority))
        if scheme == "http", !plainAllowed {
            throw ImageStoreError(
                .unsupported, "read registry configuration", text,
                "http is only for loopback hosts and registries marked insecure; use https or set insecure for this registry")
        }
        let chosen = scheme ?? (isLoopback(String(authority)) ? "http" : "https")
        return RegistryEndpoint(scheme: chosen, authority: String(authority), credentialName: String(authority), prefix: String(prefix), tls: tls)
    }

    /// Whether a server may be reached without TLS from a plain connection.
    static func isPlainAllowed(_ authority: String, in configuration: RegistryConfiguration) -> Bool {
        if isLoopback(authority) { return true }
        return configuration.hosts.contains { name, host in
            host.insecure && (name == authority || host.endpoints.contains { (try? parse($0, host, nil))?.authority == authority })
        }
    }

    /// The TLS settings for a server that a redirect or a token realm names.
    static func tls(for authority: String, in configuration: RegistryConfiguration) -> TLSConfiguration? {
        configuration.hosts[authority].flatMap(tlsConfiguration)
    }

    private static func tlsConfiguration(_ host: RegistryConfiguration.Host) -> TLSConfiguration? {
        guard host.insecure || host.caFile != nil else { return nil }
        var tls = TLSConfiguration.makeClientConfiguration()
        if host.insecure { tls.certificateVerification = .none }
        if let file = host.caFile { tls.additionalTrustRoots = [.file(file)] }
        return tls
    }

    /// `localhost` and 127.0.0.0/8, with or without a port. No other name, however it resolves.
    static func isLoopback(_ authority: String) -> Bool {
        let host = authority.prefix { $0 != ":" }
        if host == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.count <= 3 && $0.utf8.allSatisfy(ReferenceGrammar.isDigit) && (Int($0) ?? 256) <= 255 }
    }
}
