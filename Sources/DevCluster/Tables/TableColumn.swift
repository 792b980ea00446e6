import KubeModel

/// One column of a table as kubectl prints it.
struct TableColumn: Sendable {
    let name: String
    /// `string`, `integer` or `date`.
    let type: String
    /// `name` marks the object's name.
    let format: String
    /// 0 is always shown, 1 with `-o wide`.
    let priority: Int64
    let cell: @Sendable (JSONValue, Timestamp) -> JSONValue

    init(
        _ name: String, type: String = "string", format: String = "", wide: Bool = false,
        cell: @escaping @Sendable (JSONValue, Timestamp) -> JSONValue
    ) {
        self.name = name
        self.type = type
        self.format = format
        priority = wide ? 1 : 0
        self.cell = cell
    }

    /// A column of text; what is empty is shown as `<none>`.
    static func text(_ name: String, wide: Bool = false, empty: String = "<none>", _ value: @escaping @Sendable (JSONValue) -> String) -> TableColumn
    {
        TableColumn(name, wide: wide) { object, _ in
            let text = value(object)
            return .string(text.isEmpty ? empty : text)
        }
    }

    static let objectName = TableColumn("Name", format: "name") { object, _ in .string(object.name) }
    static let age = TableColumn("Age") { object, now in .string(Age.since(object.text("metadata", "creationTimestamp"), now)) }

    var definition: JSONValue {
        ["name": .string(name), "type": .string(type), "format": .string(format), "description": "", "priority": .integer(priority)]
    }
}
