/// Writes tables as nft text, which `nft -f` accepts and which `nft list ruleset` prints, but for the order of elements.
///
/// nft 1.0.6 cannot load a map declared by `typeof` with an address and a port over the same map in the kernel
/// ("conflicting protocols specified: ip vs. th"): a file with this text deletes the table first, or flushes the ruleset.
package enum NftText {
    /// A table with its elements sorted, so that equal tables give equal text.
    package static func text(of table: Table) -> String {
        var lines = ["table \(table.id) {"]
        if let comment = table.comment { lines.append("\tcomment \(quoted(comment))") }
        for set in table.sets.values.sorted(by: { $0.name < $1.name }) {
            if lines.count > 1 { lines.append("") }
            lines += text(of: set, in: table.id.family)
        }
        for chain in table.chains.values.sorted(by: { $0.name < $1.name }) {
            if lines.count > 1 { lines.append("") }
            lines += text(of: chain, in: table.id.family)
        }
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    static func text(of set: NamedSet, in family: TableFamily) -> [String] {
        let schema = set.schema
        var lines = ["\t\(schema.keyword) \(schema.name) {"]
        var declaration = text(of: schema.key, in: family)
        switch schema.value {
        case .none: break
        case .verdict: declaration += " : verdict"
        case .data(let fields): declaration += " : " + body(of: fields, in: family)
        }
        lines.append("\t\t" + declaration)
        if let size = schema.size { lines.append("\t\tsize \(size)") }
        let flags = [schema.isInterval ? "interval" : nil, schema.isDynamic ? "dynamic" : nil, schema.timeout != nil ? "timeout" : nil]
            .compactMap { $0 }
        if !flags.isEmpty { lines.append("\t\tflags " + flags.joined(separator: ",")) }
        if let timeout = schema.timeout { lines.append("\t\ttimeout \(duration(timeout))") }
        if let comment = schema.comment { lines.append("\t\tcomment \(quoted(comment))") }
        if !set.elements.isEmpty {
            let elements = set.elements.sorted { $0.key < $1.key }.map { text(of: Element($0.key, $0.value), of: schema, in: family) }
            lines.append("\t\telements = { " + elements.joined(separator: ",\n\t\t\t     ") + " }")
        }
        lines.append("\t}")
        return lines
    }

    static func text(of chain: Chain, in family: TableFamily) -> [String] {
        var lines = ["\tchain \(chain.name) {"]
        if let comment = chain.comment { lines.append("\t\tcomment \(quoted(comment))") }
        if let hook = chain.hook {
            lines.append("\t\ttype \(hook.kind.rawValue) hook \(hook.point.name) priority \(hook.priorityText); policy accept;")
        }
        lines += chain.rules.map { "\t\t" + text(of: $0, in: family) }
        lines.append("\t}")
        return lines
    }

    package static func text(of rule: Rule, in family: TableFamily) -> String {
        var parts = rule.statements.map { text(of: $0, in: family) }
        if let comment = rule.comment { parts.append("comment \(quoted(comment))") }
        return parts.joined(separator: " ")
    }

    private static func text(of fields: FieldList, in family: TableFamily) -> String {
        switch fields {
        case .types: "type " + body(of: fields, in: family)
        case .typeOf: "typeof " + body(of: fields, in: family)
        }
    }

    private static func body(of fields: FieldList, in family: TableFamily) -> String {
        switch fields {
        case .types(let types): types.map(\.name).joined(separator: " . ")
        case .typeOf(let selectors): selectors.map { $0.text(in: family) }.joined(separator: " . ")
        }
    }

    /// nft has no escape for a quote within a comment.
    static func quoted(_ text: String) -> String { "\"" + text.map { $0 == "\"" ? "'" : String($0) }.joined() + "\"" }

    static func duration(_ seconds: UInt32) -> String {
        let units: [(UInt32, String)] = [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")]
        var rest = seconds
        var text = ""
        for (size, unit) in units where rest >= size {
            text += "\(rest / size)\(unit)"
            rest %= size
        }
        return text.isEmpty ? "0s" : text
    }
}
