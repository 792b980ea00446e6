/// Writes metrics in Prometheus' text format 0.0.4: families with their help and type, samples with labels, values and times.
///
/// The writer neither sorts nor checks: a family's samples follow its head, and names are those of the program's own source. Label values and help
/// texts may hold anything; they are escaped.
public struct ExpositionWriter: Sendable {
    /// The media type under which the text is served.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// Begins a family. The names of a histogram's or summary's samples have their suffix, its head has none.
    public mutating func family(_ name: String, help: String, kind: MetricKind) {
        append("# HELP ", name, " ")
        // In help texts quotes stand for themselves.
        Self.escape(help, quotes: false, into: &bytes)
        append("\n# TYPE ", name, " ", kind.rawValue)
        append("\n")
    }

    /// - Parameter milliseconds: when the value was measured, since 1970; nil for the time of the scrape.
    public mutating func sample(_ name: String, _ labels: [MetricLabel] = [], value: Double, milliseconds: Int64? = nil) {
        append(name)
        for (index, label) in labels.enumerated() {
            append(index == 0 ? "{" : ",", label.name, "=\"")
            Self.escape(label.value, quotes: true, into: &bytes)
            append("\"")
        }
        append(labels.isEmpty ? " " : "} ", Self.text(value))
        if let milliseconds { append(" ", String(milliseconds)) }
        append("\n")
    }

    /// The same with labels that were escaped before.
    public mutating func sample(_ name: String, _ labels: MetricLabels, value: Double, milliseconds: Int64? = nil) {
        bytes.append(contentsOf: name.utf8)
        if !labels.bytes.isEmpty {
            bytes.append(UInt8(ascii: "{"))
            bytes.append(contentsOf: labels.bytes)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: Self.text(value).utf8)
        if let milliseconds {
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: String(milliseconds).utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Returns a number as the format has it: whole numbers without a point, `+Inf`, `-Inf` and `NaN`.
    package static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Above 2^53 neighbouring whole numbers are not told apart, and the shortest text is the honest one.
        guard value == value.rounded(), abs(value) < 9_007_199_254_740_992 else { return String(value) }
        return String(Int64(value))
    }

    private mutating func append(_ parts: String...) {
        for part in parts { bytes.append(contentsOf: part.utf8) }
    }

    static func escape(_ text: String, quotes: Bool, into bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\"") where quotes: bytes.append(contentsOf: "\\\"".utf8)
            default: bytes.append(byte)
            }
        }
    }
}
