/// The declaration of a set or a map.
package struct SetSchema: Sendable, Hashable {
    /// The part of an element besides its key.
    package enum Value: Sendable, Hashable {
        /// A set.
        case none
        /// A data map.
        case data(FieldList)
        /// A verdict map.
        case verdict
    }

    package var name: String
    package var key: FieldList
    package var value: Value
    /// Elements are ranges (`flags interval`), of each field by itself when there are several; no value.
    package var isInterval: Bool
    /// Rules may add elements (`flags dynamic`).
    package var isDynamic: Bool
    /// Seconds after which an element leaves by itself (`flags timeout`).
    package var timeout: UInt32?
    /// The most elements, `nil` for no bound.
    package var size: UInt32?
    package var comment: String?

    package init(
        name: String, key: FieldList, value: Value = .none, isInterval: Bool = false, isDynamic: Bool = false, timeout: UInt32? = nil,
        size: UInt32? = nil, comment: String? = nil
    ) {
        self.name = name
        self.key = key
        self.value = value
        self.isInterval = isInterval
        self.isDynamic = isDynamic
        self.timeout = timeout
        self.size = size
        self.comment = comment
    }

    /// The key has several fields.
    package var isConcatenation: Bool {
        switch key {
        case .types(let types): types.count > 1
        case .typeOf(let selectors): selectors.count > 1
        }
    }

    /// `set` or `map`.
    package var keyword: String { value == .none ? "set" : "map" }
}
