/// Prometheus' text, read strictly: what a scraper would refuse is refused here.
package struct ParsedExposition {
    package struct Sample: Hashable {
        package let name: String
        package let labels: [String: String]
        package let value: Double
        package let milliseconds: Int64?
        /// Name and labels as they were written.
        package let series: String
    }

    package struct Family {
        package let kind: String
        /// The names of all samples' labels.
        package var labels: Set<String> = []
    }

    package struct Refused: Error {
        let line: String
        let reason: String
    }

    package private(set) var helps: [String: String] = [:]
    package private(set) var samples: [Sample] = []
    package private(set) var families: [String: Family] = [:]

    package init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Refused(line: String(text.suffix(80)), reason: "the last line has no end") }
        var current: String?
        var seen: Set<[String]> = []
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
                families[parts[2]] = Family(kind: parts[3])
            } else {
                let sample = try Self.sample(line)
                guard let family = current, isSample(sample, of: family) else { throw Refused(line: line, reason: "a sample outside its family") }
                let identity = [sample.name] + sample.labels.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
                guard seen.insert(identity).inserted else { throw Refused(line: line, reason: "the sample is there twice") }
                families[family]?.labels.formUnion(sample.labels.keys)
                samples.append(sample)
            }
        }
    }

    package func samples(_ name: String) -> [Sample] { samples.filter { $0.name == name } }

    /// The value of a series by its text: `name{label="value"}`.
    package subscript(_ series: String) -> Double? { samples.first { $0.series == series }?.value }

    private func isSample(_ sample: Sample, of family: String) -> Bool {
        guard families[family]?.kind == "histogram" else { return sample.name == family }
        return ["_bucket", "_sum", "_count"].contains { sample.name == family + $0 }
    }

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
        let series = String(line[..<rest.startIndex])
        let fields = rest.split(separator: " ", omittingEmptySubsequences: false)
        guard (2...3).contains(fields.count), fields[0].isEmpty, let value = Double(fields[1]) else { throw Refused(line: line, reason: "no value") }
        var milliseconds: Int64?
        if fields.count == 3 {
            milliseconds = Int64(fields[2])
            if milliseconds == nil { throw Refused(line: line, reason: "the time is not a number") }
        }
        return Sample(name: String(name), labels: labels, value: value, milliseconds: milliseconds, series: series)
    }
}
