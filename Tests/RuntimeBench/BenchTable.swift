/// The plain table that comes out: figures, and how they compare to the peer and to what is aimed at.
struct BenchTable {
    enum Target {
        case atMost(Double)
        case atLeast(Double)

        func holds(_ value: Double) -> Bool {
            switch self {
            case .atMost(let limit): value <= limit
            case .atLeast(let limit): value >= limit
            }
        }
    }

    private var rows: [[String]] = [["what", "swiftlet", "peer", "ratio", "target", ""]]

    mutating func row(_ what: String, _ own: String, peer: String = "", ratio: Double? = nil, target: (text: String, holds: Bool)? = nil) {
        rows.append([
            what, own, peer, ratio.map { Figures.decimals($0, 2) + "x" } ?? "", target?.text ?? "",
            target.map { $0.holds ? "met" : "MISSED" } ?? "",
        ])
    }

    /// A figure of ours with one of a peer; the target is about their ratio.
    mutating func ratio(_ what: String, _ own: Samples, _ peerName: String, _ peer: Samples, atMost limit: Double? = nil) {
        let ratio = own.median / peer.median
        row(
            what, own.milliseconds, peer: "\(peerName) \(peer.milliseconds)", ratio: ratio,
            target: limit.map { ("<= \(Figures.decimals($0, 1))x", ratio <= $0) })
    }

    mutating func figure(_ what: String, _ value: Double, _ unit: String, _ target: Target? = nil) {
        let aim = target.map { target -> (String, Bool) in
            let text =
                switch target {
                case .atMost(let limit): "<= \(Figures.short(limit)) \(unit)"
                case .atLeast(let limit): ">= \(Figures.short(limit)) \(unit)"
                }
            return (text, target.holds(value))
        }
        row(what, "\(Figures.short(value)) \(unit)", target: aim)
    }

    func text() -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
            return trimmed(cells.joined(separator: "  "))
        }.joined(separator: "\n")
    }

    private func trimmed(_ line: String) -> Substring {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// Durations of one row, in nanoseconds.
struct Samples {
    private var values: [Int64] = []

    mutating func add(_ nanoseconds: Int64) { values.append(nanoseconds) }

    var count: Int { values.count }
    var median: Double { quantile(0.5) }
    /// `3.21 ms (p95 5.02)`
    var milliseconds: String { "\(Figures.decimals(median / 1e6, 2)) ms (p95 \(Figures.decimals(quantile(0.95) / 1e6, 2)))" }

    func quantile(_ share: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let position = share * Double(sorted.count - 1)
        let below = sorted[Int(position)]
        let above = sorted[min(Int(position) + 1, sorted.count - 1)]
        return Double(below) + (position - position.rounded(.down)) * Double(above - below)
    }
}

enum Figures {
    static func decimals(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        guard digits > 0 else { return "\(scaled)" }
        let fraction = String(abs(scaled) % Int64(scale))
        let sign = scaled < 0 ? "-" : ""
        return "\(sign)\(abs(scaled) / Int64(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// As many digits as say something.
    static func short(_ value: Double) -> String {
        abs(value) >= 100 || value == value.rounded() ? decimals(value, 0) : decimals(value, 1)
    }
}
