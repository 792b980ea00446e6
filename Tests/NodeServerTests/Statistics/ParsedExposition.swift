/// Prometheus' text, read strictly: what a scraper would refuse is refused here.
struct ParsedExposition {
    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
        let value: Double
        let milliseconds: Int64?
    }

    struct Refused: Error {
        let line: String
        let reason: String
    }

    private(set) var kinds: [String: String] = [:]
    private(set) var helps: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Refused(line: String(text.suffix(80)), reason: "the last line has no end") }
        var current: String?
        var seen: Set<[String: String]> = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) {
            if line.hasPrefix("# HELP ") {
                let parts = line.split(separator: " ", maxSplits: 3).map(String.init)
                guard helps.updateValue(parts.count == 4 ? parts[3] : "", forKey: parts[2]) == nil else {
                    throw Refused(line: line, reason: "the family is there twice")
                }
                (current, seen) = (parts[2], [])
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.split(separator: " ").map(String.init)
                guard parts.count == 4, parts[2] == current else { throw Refused(line: line, reason: "a type without its help") }
                kinds[parts[2]] = parts[3]
            } else {
                let sample = try Self.sample(line)
                guard sample.name == current else { throw Refused(line: line, reason: "a sample outside its family") }
                guard seen.insert(sample.labels).inserted else { throw Refused(line: line, reason: "the sample is there twice") }
                samples.append(sample)
            }
        }
    }

    func samples(_ name: String) -> [Sample] { samples.filter { $0.name == name } }

    private static func sample(_ line: String) throws -> Sample {
        var rest = Substring(line)
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        rest = rest[name.endIndex...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                let label = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest[label.endIndex...]
                guard rest.hasPrefix("=\""), !label.isEmpty else { throw Refused(line: line, reason: "a label without a value") }
                rest = rest.dropFirst(2)
                var value = ""
                while let next = rest.popFirst(), next != "\"" {
                    guard next == "\\" else {
                        value.append(next)
                        continue
                    }
                    switch rest.popFirst() {
                    case "n": value.append("\n")
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    default: throw Refused(line: line, reason: "an unknown escape")
                    }
                }
                guard labels.updateValue(value, forKey: String(label)) == nil else { throw Refused(line: line, reason: "a label is there twice") }
                if rest.first == "," { rest.removeFirst() } else if rest.first != "}" { throw Refused(line: line, reason: "no comma") }
            }
            rest.removeFirst()
        }
        let fields = rest.split(separator: " ", omittingEmptySubsequences: false)
        guard (2...3).contains(fields.count), fields[0].isEmpty, let value = Double(fields[1]) else { throw Refused(line: line, reason: "no value") }
        var milliseconds: Int64?
        if fields.count == 3 {
            milliseconds = Int64(fields[2])
            if milliseconds == nil { throw Refused(line: line, reason: "the time is not a number") }
        }
        return Sample(name: String(name), labels: labels, value: value, milliseconds: milliseconds)
    }
}
