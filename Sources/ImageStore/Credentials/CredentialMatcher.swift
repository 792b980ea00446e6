import Glibc
import PodCore

/// Selects the pull secrets of an image, by kubelet's rules: the port equal, as many host labels as the pattern has with
/// globs inside each, the path a prefix; the longest-sorting pattern first; Docker Hub's entry for names without a registry.
enum CredentialMatcher {
    /// - Parameter repository: `host[:port]/path`
    static func candidates(for repository: String, in credentials: [RegistryCredential]) -> [RegistryCredential] {
        let keyed = credentials.compactMap { credential in key(credential.registry).map { (key: $0, credential: credential) } }
        let ordered = keyed.enumerated().sorted { left, right in
            left.element.key == right.element.key ? left.offset < right.offset : left.element.key > right.element.key
        }.map(\.element)
        var found = ordered.filter { matches(pattern: $0.key, repository: repository) }
        if found.isEmpty, repository.hasPrefix("docker.io/") || repository.hasPrefix("registry-1.docker.io/") {
            found = ordered.filter { $0.key == "index.docker.io" || $0.key == "docker.io" }
        }
        var unique: [RegistryCredential] = []
        for entry in found where !unique.contains(where: { $0.login == entry.credential.login }) { unique.append(entry.credential) }
        return unique
    }

    /// A secret's registry without scheme and without the API version that docker writes behind it.
    static func key(_ registry: String) -> String? {
        var rest = Substring(registry)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let host = rest.prefix { $0 != "/" }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        var path = rest[host.endIndex...].prefix { $0 != "?" && $0 != "#" }
        for version in ["/v1/", "/v2/"] where path.hasPrefix(version) {
            path = path.dropFirst(3)
            break
        }
        if path == "/v1" || path == "/v2" { path = "" }
        return path.isEmpty || path == "/" ? String(host) : String(host + path)
    }

    static func matches(pattern: String, repository: String) -> Bool {
        let (patternHost, patternPort, patternPath) = split(pattern)
        let (host, port, path) = split(repository)
        guard patternPort == port, path.hasPrefix(patternPath) else { return false }
        let wanted = patternHost.split(separator: ".", omittingEmptySubsequences: false)
        let found = host.split(separator: ".", omittingEmptySubsequences: false)
        guard wanted.count == found.count else { return false }
        // fnmatch without FNM_PERIOD is Go's path match for text that holds no slash.
        return zip(wanted, found).allSatisfy { fnmatch(String($0), String($1), 0) == 0 }
    }

    private static func split(_ text: String) -> (host: Substring, port: Substring, path: Substring) {
        let authority = text.prefix { $0 != "/" }
        let path = text[authority.endIndex...]
        guard let colon = authority.lastIndex(of: ":") else { return (authority, "", path) }
        return (authority[..<colon], authority[authority.index(after: colon)...], path)
    }
}
