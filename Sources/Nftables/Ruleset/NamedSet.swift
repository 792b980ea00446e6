/// A set or map with its elements.
package struct NamedSet: Sendable, Hashable {
    package var schema: SetSchema
    package var elements: [PackedBytes: ElementValue]

    package init(_ schema: SetSchema, elements: [PackedBytes: ElementValue] = [:]) {
        self.schema = schema
        self.elements = elements
    }

    package var name: String { schema.name }
}
