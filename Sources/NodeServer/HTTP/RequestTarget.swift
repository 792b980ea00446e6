import KubeModel

/// A request's path and query, decoded once: authorisation and routing read the same segments.
package struct RequestTarget: Sendable, Hashable {
    /// Decoded path segments. A trailing slash leaves no empty segment; an empty one elsewhere stays.
    package let segments: [String]
    package let query: [QueryItem]
    /// The path ended with a slash, as that of a folder.
    package let endsWithSlash: Bool

    package struct QueryItem: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(segments: [String], query: [QueryItem] = [], endsWithSlash: Bool = false) {
        self.segments = segments
        self.query = query
        self.endsWithSlash = endsWithSlash
    }

    /// Returns `nil` when the text is not an absolute path or a percent-escape in it is broken.
    package init?(uri: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path.first == "/" else { return nil }
        var segments: [String] = []
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let segment = PercentCoding.decode(part) else { return nil }
            segments.append(segment)
        }
        let endsWithSlash = segments.last == ""
        if endsWithSlash { segments.removeLast() }

        var query: [QueryItem] = []
        if parts.count == 2 {
            for pair in parts[1].split(separator: "&") {
                let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = PercentCoding.decode(halves[0], plusIsSpace: true),
                    let value = halves.count == 2 ? PercentCoding.decode(halves[1], plusIsSpace: true) : ""
                else { return nil }
                query.append(QueryItem(name: name, value: value))
            }
        }
        self.init(segments: segments, query: query, endsWithSlash: endsWithSlash)
    }

    /// The first value of a parameter.
    package func value(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// Every value of a parameter, in order.
    package func values(_ name: String) -> [String] {
        query.filter { $0.name == name }.map(\.value)
    }

    /// A boolean as Kubernetes decodes one: absent, `0` and `false` are false, anything else is true.
    package func flag(_ name: String) -> Bool {
        guard let value = value(name) else { return false }
        return value != "0" && value.lowercased() != "false"
    }

    /// The target as it goes into a request line.
    package var uri: String {
        let path = "/" + segments.map(PercentCoding.encode).joined(separator: "/")
        if query.isEmpty { return path }
        return path + "?" + query.map { PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value) }.joined(separator: "&")
    }
}
