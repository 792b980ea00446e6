import FoundationEssentials

/// The registry credentials of a file that docker writes, and what in it cannot be read. One bad entry does not spoil the others.
package struct DockerCredentials: Sendable, Hashable {
    /// In the order of the registries' names.
    package private(set) var credentials: [RegistryCredential] = []
    /// Each with the registry that it is about. They contain no part of a password.
    package private(set) var problems: [String] = []

    package enum Form: Sendable {
        /// `config.json` and `.dockerconfigjson`: the entries are below `auths`.
        case config
        /// `.dockercfg`: the entries are the whole file.
        case entries
    }

    package init(_ bytes: some Sequence<UInt8>, form: Form) {
        let data = Self.withoutMark(Data(bytes))
        let entries: [String: Entry]
        do {
            switch form {
            case .config: entries = try JSONDecoder().decode(Config.self, from: data).auths ?? [:]
            case .entries: entries = try JSONDecoder().decode([String: Entry].self, from: data)
            }
        } catch {
            problems.append("it is not the JSON that docker writes")
            return
        }
        for (registry, entry) in entries.sorted(by: { $0.key < $1.key }) {
            switch entry.login {
            case .success(let login):
                credentials.append(
                    RegistryCredential(registry: Self.withoutScheme(registry), username: login.username, password: login.password))
            case .failure(let problem): problems.append("the entry of \"\(registry.prefix(200))\" \(problem.text)")
            }
        }
    }

    private struct Config: Decodable {
        var auths: [String: Entry]?
    }

    private struct Problem: Error {
        let text: String
    }

    private struct Entry: Decodable {
        let login: Result<(username: String, password: String), Problem>

        private enum CodingKeys: String, CodingKey {
            case username, password, auth
        }

        /// Reports what cannot be read as the entry's problem instead of throwing, for the sake of the other entries.
        init(from decoder: any Decoder) {
            do {
                let fields = try decoder.container(keyedBy: CodingKeys.self)
                func text(_ key: CodingKeys) throws -> String? { try fields.decodeIfPresent(String.self, forKey: key) }
                login = DockerCredentials.login(auth: try text(.auth), username: try text(.username), password: try text(.password))
            } catch {
                login = .failure(Problem(text: "has a field that is not text"))
            }
        }
    }

    /// `auth` is base64 of `user:password` and wins over the separate fields.
    private static func login(auth: String?, username: String?, password: String?) -> Result<(username: String, password: String), Problem> {
        let found: (username: String, password: String)
        if let auth, !auth.isEmpty {
            guard let data = base64(auth) else { return .failure(Problem(text: "has an auth that is not base64")) }
            guard let text = String(data: data, encoding: .utf8), let colon = text.firstIndex(of: ":") else {
                return .failure(Problem(text: "has an auth that is not user:password in base64"))
            }
            found = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        } else if let username, !username.isEmpty {
            found = (username, password ?? "")
        } else {
            return .failure(Problem(text: "has neither auth nor username"))
        }
        let login = (username: trimmed(found.username), password: trimmed(found.password))
        // RFC 7617, 2: no control character can be sent.
        guard (login.username + login.password).unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            return .failure(Problem(text: "has a user name or password with a control character in it"))
        }
        return .success(login)
    }

    /// Decodes base64 with or without its padding. Editors and shells put line ends and blanks into such fields.
    private static func base64(_ text: String) -> Data? {
        var digits = text.utf8.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
        while digits.last == UInt8(ascii: "=") { digits.removeLast() }
        digits += [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
        return Data(base64Encoded: Data(digits))
    }

    /// Removes line ends, which `echo` adds, and zeros, which docker adds.
    private static func trimmed(_ text: String) -> String {
        var scalars = Substring(text).unicodeScalars
        while let last = scalars.last, last == "\n" || last == "\r" || last == "\0" { scalars.removeLast() }
        return String(scalars)
    }

    private static func withoutMark(_ data: Data) -> Data { data.starts(with: [0xef, 0xbb, 0xbf]) ? Data(data.dropFirst(3)) : data }

    /// Docker names its own registry `https://index.docker.io/v1/`; only host and path count.
    private static func withoutScheme(_ registry: String) -> String {
        var text = registry[...]
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        while text.hasSuffix("/") { text = text.dropLast() }
        for version in ["/v1", "/v2"] where text.hasSuffix(version) { text = text.dropLast(version.count) }
        return String(text)
    }
}
