/// One element of a set or a map.
package struct Element: Sendable, Hashable {
    package var key: PackedBytes
    package var value: ElementValue

    package init(_ key: PackedBytes, _ value: ElementValue = .member) {
        self.key = key
        self.value = value
    }
}
