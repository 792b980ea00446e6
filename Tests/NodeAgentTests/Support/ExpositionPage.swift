/// A page in Prometheus' text format, read back: families with their types and label names, samples by their text.
struct ExpositionPage {
    struct Malformed: Error {
        let line: String
    }

    struct Family {
        let kind: String
        var labels: Set<String> = []
    }

    private(set) var families: [String: Family] = [:]
    private var samples: [String: Double] = [:]

    /// Labels' values in tests hold no commas and quotes.
    init(_ text: String) throws {
        var name = ""
        for line in text.split(separator: "\n").map(String.init) {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP "), words.count == 4 { continue }
            if line.hasPrefix("# TYPE "), words.count == 4, families[words[2]] == nil {
                name = words[2]
                families[name] = Family(kind: words[3])
                continue
            }
            guard let blank = line.lastIndex(of: " "), let value = Self.number(line[line.index(after: blank)...]), line.hasPrefix(name) else {
                throw Malformed(line: line)
            }
            let series = String(line[..<blank])
            guard samples.updateValue(value, forKey: series) == nil else { throw Malformed(line: "twice: " + series) }
            guard let open = series.firstIndex(of: "{") else { continue }
            for label in series[series.index(after: open)...].dropLast().split(separator: ",") {
                families[name]?.labels.insert(String(label.prefix { $0 != "=" }))
            }
        }
    }

    subscript(_ series: String) -> Double? { samples[series] }

    private static func number(_ text: Substring) -> Double? { text == "+Inf" ? .infinity : Double(text) }
}
