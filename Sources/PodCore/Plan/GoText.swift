/// Texts as Go's `fmt` prints them. Clients compare fields and events that contain them.
package enum GoText {
    /// The verb `%q`, for text whose characters can all be shown.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{7}": result += "\\a"
            case "\u{8}": result += "\\b"
            case "\u{c}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{b}": result += "\\v"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7f {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\x" + (hex.count < 2 ? "0" : "") + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    /// The verb `%q` for bytes that may be no text: what is not ASCII is escaped byte by byte.
    package static func quoted(bytes: some Sequence<UInt8>) -> String {
        "\""
            + bytes.map { byte in
                guard byte >= 0x80 else { return String(quoted(String(UnicodeScalar(byte))).dropFirst().dropLast()) }
                return "\\x" + String(byte, radix: 16)
            }.joined() + "\""
    }

    /// A `time.Duration` in whole milliseconds: `312ms`, `4.215s`, `1m30s`.
    package static func duration(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        guard milliseconds >= 1000 else { return milliseconds == 0 ? "0s" : "\(milliseconds)ms" }
        let (hours, minutes, rest) = (milliseconds / 3_600_000, milliseconds / 60_000 % 60, milliseconds % 60_000)
        var fraction = String(String(1000 + rest % 1000).dropFirst())
        while fraction.last == "0" { fraction.removeLast() }
        let seconds = "\(rest / 1000)" + (fraction.isEmpty ? "" : "." + fraction) + "s"
        if hours > 0 { return "\(hours)h\(minutes)m\(seconds)" }
        return minutes > 0 ? "\(minutes)m\(seconds)" : seconds
    }
}
