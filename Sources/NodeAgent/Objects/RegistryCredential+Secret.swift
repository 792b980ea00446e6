import FoundationEssentials
package import KubeModel
package import PodCore

extension RegistryCredential {
    fileprivate struct Entry: Decodable {
        var username: String?
        var password: String?
        var auth: String?
    }

    private struct DockerConfig: Decodable {
        var auths: [String: Entry]
    }

    /// The credentials of a pull secret: `.dockerconfigjson`, or the older `.dockercfg`. Other secrets hold none.
    package static func credentials(in secret: Secret) -> [RegistryCredential] {
        var entries: [String: Entry] = [:]
        if let encoded = secret.data?[".dockerconfigjson"], let data = Data(base64Encoded: encoded) {
            entries = (try? JSONDecoder().decode(DockerConfig.self, from: data))?.auths ?? [:]
        } else if let encoded = secret.data?[".dockercfg"], let data = Data(base64Encoded: encoded) {
            entries = (try? JSONDecoder().decode([String: Entry].self, from: data)) ?? [:]
        }
        return entries.compactMap { registry, entry in
            guard let (username, password) = entry.pair else { return nil }
            return RegistryCredential(registry: withoutScheme(registry), username: username, password: password)
        }
    }

    /// Docker names its own registry `https://index.docker.io/v1/`; only host and path count.
    private static func withoutScheme(_ registry: String) -> String {
        var text = registry[...]
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        while text.hasSuffix("/") { text = text.dropLast() }
        for version in ["/v1", "/v2"] where text.hasSuffix(version) { text = text.dropLast(version.count) }
        return String(text)
    }
}

extension RegistryCredential.Entry {
    /// `auth` is base64 of `user:password` and wins over the separate fields.
    fileprivate var pair: (String, String)? {
        if let auth, !auth.isEmpty, let data = Data(base64Encoded: auth) {
            let text = String(decoding: data, as: UTF8.self)
            guard let colon = text.firstIndex(of: ":") else { return nil }
            return (String(text[..<colon]), String(text[text.index(after: colon)...]))
        }
        guard let username, let password else { return nil }
        return (username, password)
    }
}
