import Addresses

/// One entry of `NO_PROXY`: a name with its subdomains, an address, a range, or `*` for everything; with a port if only that port is meant.
struct ProxyException: Sendable, Hashable {
    private enum Subject: Sendable, Hashable {
        case everything
        case range(CIDR)
        case address(IPAddress)
        /// With a leading dot. `isIncluded`: the domain's own name as well.
        case domain(String, isIncluded: Bool)
    }

    private let subject: Subject
    /// `nil` for every port.
    private let port: Int?

    /// `nil` for an entry without a host.
    init?(_ text: String) {
        let entry = text.lowercased()
        if entry == "*" {
            subject = .everything
            port = nil
            return
        }
        if let range = CIDR(entry) {
            subject = .range(range)
            port = nil
            return
        }
        var host = Substring(entry)
        var found: Int?
        if IPAddress(host) == nil, let colon = host.lastIndex(of: ":"), let number = Int(host[host.index(after: colon)...]) {
            found = number
            host = host[..<colon]
        }
        port = found
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        if let address = IPAddress(host) {
            subject = .address(address)
            return
        }
        if host.hasPrefix("*.") { host = host.dropFirst() }
        guard !host.isEmpty else { return nil }
        subject = host.first == "." ? .domain(String(host), isIncluded: false) : .domain("." + host, isIncluded: true)
    }

    func covers(host: String, address: IPAddress?, port wanted: Int) -> Bool {
        if let port, port != wanted { return false }
        switch subject {
        case .everything: return true
        case .range(let range): return address.map { range.contains($0) } ?? false
        case .address(let own): return own == address
        case .domain(let domain, let isIncluded): return host.hasSuffix(domain) || (isIncluded && host == domain.dropFirst())
        }
    }
}
