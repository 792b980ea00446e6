import PodCore

extension HTTPCheck {
    enum Redirect {
        case to(HTTPCheck)
        case otherHost
        /// - Parameter reason: in Go's words.
        case impossible(reason: String)
    }

    /// Follows a header `Location`, relative to this request (RFC 3986 section 5.2).
    func redirect(to location: String) -> Redirect {
        guard location.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            return .impossible(reason: "failed to parse Location header \(GoText.quoted(location)): invalid control character in URL")
        }
        var rest = location.prefix { $0 != "#" }
        var scheme = self.scheme.rawValue
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        let isAbsolute = name.first?.isLetter == true && rest[name.endIndex...].hasPrefix(":")
        if isAbsolute {
            scheme = name.lowercased()
            rest = rest[name.endIndex...].dropFirst()
        }
        var target = (host: host, port: port, header: hostHeader)
        if rest.hasPrefix("//") {
            let written = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
            rest = rest[written.endIndex...]
            guard let found = Self.endpoint(written, defaultPort: scheme == "https" ? 443 : 80) else {
                return .impossible(reason: "failed to parse Location header \(GoText.quoted(location)): invalid port or host in URL")
            }
            // A Host header of the probe's own is kept for relative redirects only.
            target = (found.host, found.port, isAbsolute ? found.header : hostHeader ?? found.header)
        }
        guard target.host == host else { return .otherHost }
        guard let known = Scheme(rawValue: scheme) else { return .impossible(reason: "unsupported protocol scheme \(GoText.quoted(scheme))") }
        let sent = RequestPath.sent(resolved(rest, isWhole: rest.startIndex != location.startIndex))
        return .to(HTTPCheck(scheme: known, host: target.host, port: target.port, path: sent, hostHeader: target.header, headers: headers))
    }

    /// - Parameter isWhole: scheme or host came before, so that nothing of the current path counts.
    private func resolved(_ reference: Substring, isWhole: Bool) -> String {
        let current = path.prefix { $0 != "?" }
        if reference.isEmpty { return isWhole ? "/" : path }
        if reference.hasPrefix("?") { return String(isWhole ? "/" : current) + reference }
        let wanted = reference.prefix { $0 != "?" }
        let query = reference[wanted.endIndex...]
        if wanted.hasPrefix("/") { return Self.withoutDots(wanted) + query }
        let folder = current.lastIndex(of: "/").map { current[...$0] } ?? "/"
        return Self.withoutDots(folder + wanted) + query
    }

    private static func withoutDots(_ path: Substring) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        var kept: [Substring] = []
        for part in parts {
            switch part {
            case ".": continue
            case "..": _ = kept.popLast()
            default: kept.append(part)
            }
        }
        if let last = parts.last, last == "." || last == ".." { kept.append("") }
        return "/" + kept.joined(separator: "/")
    }

    /// Reads `user@host:port`, `host` or `[::1]:port`. `header` is what belongs in the header Host.
    private static func endpoint(_ text: Substring, defaultPort: Int) -> (host: String, port: Int, header: String?)? {
        let authority = text.lastIndex(of: "@").map { text[text.index(after: $0)...] } ?? text
        let host: Substring
        var rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[..<end].dropFirst()
            rest = authority[end...].dropFirst()
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
        }
        guard !host.isEmpty else { return nil }
        guard rest.popFirst() != nil, !rest.isEmpty else { return (String(host), defaultPort, String(authority)) }
        guard let port = Int(rest), (1...65535).contains(port) else { return nil }
        return (String(host), port, nil)
    }
}
