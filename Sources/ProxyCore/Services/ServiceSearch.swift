import Addresses
package import KubeModel

/// A search in the Services that a node makes reachable: by a part of `namespace/name`, or by an address at which they answer or to which they lead.
package struct ServiceSearch: Sendable, Hashable {
    private let text: [UInt8]
    private let address: IPAddress?
    package let limit: Int

    /// - Parameters:
    ///   - text: empty for every Service.
    ///   - limit: how many of the Services found are returned.
    package init(_ text: String, limit: Int) {
        self.text = Array(text.lowercased().utf8)
        address = IPAddress(text)
        self.limit = limit
    }

    func finds(_ key: ObjectKey, _ entries: () -> [ServiceEntry]) -> Bool {
        if text.isEmpty || isPart(of: key) { return true }
        guard let address else { return false }
        return entries().contains { entry in
            entry.frontends.contains { $0.frontend.address == address } || entry.endpoints.contains { $0.address == address }
        }
    }

    /// Neither a namespace nor a name has a slash, so a text with one matches at that place alone.
    private func isPart(of key: ObjectKey) -> Bool {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else {
            return key.namespace.holds(text) || key.name.holds(text)
        }
        return Self.ends(key.namespace, text[..<slash]) && key.name.utf8.starts(with: text[(slash + 1)...])
    }

    private static func ends(_ name: String, _ part: ArraySlice<UInt8>) -> Bool {
        name.utf8.count >= part.count && name.utf8.suffix(part.count).elementsEqual(part)
    }
}

/// The Services that a search finds: their number, and the first of them by namespace and name.
package struct ServiceMatches: Sendable {
    package struct Match: Sendable, Hashable {
        package let key: ObjectKey
        /// By IP family and port.
        package let entries: [ServiceEntry]
    }

    /// Of all Services, found or not.
    package private(set) var total = 0
    package private(set) var matching = 0
    package private(set) var first: [Match] = []

    package init() {}

    /// - Parameter entries: made only for a Service that is one of the first, or whose addresses are asked for.
    mutating func add(_ key: ObjectKey, _ search: ServiceSearch, entries: () -> [ServiceEntry]) {
        total += 1
        guard search.finds(key, entries) else { return }
        matching += 1
        if first.count >= search.limit {
            guard let last = first.last, key < last.key else { return }
            first.removeLast()
        }
        first.insert(Match(key: key, entries: entries()), at: first.firstIndex { key < $0.key } ?? first.count)
    }
}
