import PodCore

/// A complete image reference: registry, repository, and a tag or a digest.
///
/// Short names become complete as in Docker: `busybox` is `docker.io/library/busybox:latest`.
struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// `host[:port]`
    let domain: String
    /// The repository's name in its registry.
    let path: String
    /// `latest` for a reference without tag and digest; `nil` only beside a digest.
    let tag: String?
    /// Wins over the tag.
    let digest: ContentDigest?

    static let defaultDomain = "docker.io"
    private static let longestRepository = 255

    /// - Throws: `.invalidName`, with kubelet's text.
    init(_ text: String) throws(ImageFailure) {
        switch Self.parse(text) {
        case .success(let reference): self = reference
        case .failure(let reason):
            throw ImageFailure(
                .invalidName,
                "Failed to apply default image tag \"\(text)\": couldn't parse image name \"\(text)\": \(reason.text)")
        }
    }

    private init(domain: String, path: String, tag: String?, digest: ContentDigest?) {
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    /// `registry.test/library/busybox`
    var repository: String { "\(domain)/\(path)" }

    /// The whole reference. A digest hides the tag, which has no effect then.
    var description: String {
        if let digest { return "\(repository)@\(digest)" }
        return "\(repository):\(tag ?? "latest")"
    }

    /// The part after `/manifests/` in a request.
    var remoteReference: String { digest?.description ?? tag ?? "latest" }

    private struct Invalid: Error {
        let text: String
        static let format = Invalid(text: "invalid reference format")
    }

    private static func parse(_ text: String) -> Result<ImageReference, Invalid> {
        if text.isEmpty { return .failure(.format) }
        if text.utf8.count == 64, text.utf8.allSatisfy({ ReferenceGrammar.isHexadecimal($0) && !(65...70).contains($0) }) {
            return .failure(Invalid(text: "invalid repository name (\(text)), cannot specify 64-byte hexadecimal strings"))
        }
        let (domain, remainder) = splitDomain(text)
        let untagged = remainder.prefix { $0 != ":" }
        if untagged.contains(where: \.isUppercase) {
            return .failure(Invalid(text: "invalid reference format: repository name (\(untagged)) must be lowercase"))
        }

        var name = Substring(remainder)
        var digest: ContentDigest?
        if let at = name.firstIndex(of: "@") {
            let written = name[name.index(after: at)...]
            guard ReferenceGrammar.isDigest(written) else { return .failure(.format) }
            guard let known = ContentDigest(written) else {
                let reason = written.hasPrefix(ContentDigest.prefix) ? "invalid checksum digest format" : "unsupported digest algorithm"
                return .failure(Invalid(text: reason))
            }
            digest = known
            name = name[..<at]
        }
        var tag: String?
        if let colon = name.firstIndex(of: ":") {
            let written = name[name.index(after: colon)...]
            guard ReferenceGrammar.isTag(written) else { return .failure(.format) }
            tag = String(written)
            name = name[..<colon]
        }
        guard ReferenceGrammar.isDomain(Substring(domain)), ReferenceGrammar.isPath(name) else { return .failure(.format) }
        guard name.utf8.count <= longestRepository else {
            return .failure(Invalid(text: "repository name must not be more than \(longestRepository) characters"))
        }
        if tag == nil, digest == nil { tag = "latest" }
        return .success(ImageReference(domain: domain, path: String(name), tag: tag, digest: digest))
    }

    /// The first component is a registry when it looks like one: a dot, a port, `localhost`, or an upper-case letter.
    private static func splitDomain(_ text: String) -> (domain: String, remainder: String) {
        var domain = defaultDomain
        var remainder = Substring(text)
        if let slash = text.firstIndex(of: "/") {
            let first = text[..<slash]
            if first.contains(".") || first.contains(":") || first == "localhost" || first.contains(where: \.isUppercase) {
                domain = String(first)
                remainder = text[text.index(after: slash)...]
            }
        }
        if domain == "index.docker.io" { domain = defaultDomain }
        if domain == defaultDomain, !remainder.contains("/") { return (domain, "library/" + remainder) }
        return (domain, String(remainder))
    }
}
