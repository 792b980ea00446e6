package import KubeModel

extension JSONValue {
    /// Reads plain scalars as Kubernetes' own reader does: `yes` and `on` are booleans, `0644` and `0x1a4` are 420. Keys that are mappings or lists are
    /// empty names.
    package init(_ node: YAMLNode) {
        switch node {
        case .mapping(let members, _):
            self = .object(Dictionary(members.map { ($0.key.text ?? "", JSONValue($0.value)) }, uniquingKeysWith: { $1 }))
        case .sequence(let elements, _): self = .array(elements.map { JSONValue($0) })
        case .scalar(let text, let isPlain, _):
            if node.isNull {
                self = .null
            } else {
                self = isPlain ? Self.plain(text) : .string(text)
            }
        }
    }

    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "n", "N", "off", "Off", "OFF": return .bool(false)
        default: break
        }
        if let integer = integer(text) { return .integer(integer) }
        // Digits alone: the standard library also reads hexadecimal fractions and names such as "nan".
        let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        if isDecimal, let number = Double(text), number.isFinite { return .double(number) }
        return .string(text)
    }

    /// A leading zero means octal, as in file modes.
    private static func integer(_ text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        let digits = (isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]).filter { $0 != "_" }
        guard digits.first?.isASCII == true, digits.first?.isNumber == true else { return nil }
        let radixes = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)]
        let (prefix, radix) = radixes.first { digits.hasPrefix($0.0) } ?? (digits.count > 1 && digits.hasPrefix("0") ? ("0", 8) : ("", 10))
        return Int64((isNegative ? "-" : "") + digits.dropFirst(prefix.utf8.count), radix: radix)
    }
}
