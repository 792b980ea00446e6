/// Durations as Kubernetes writes them: `10s`, `1m30s`, `1.5h`, `100ms`, `0`.
package enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        // Longer names first, so that "ms" is not read as "m".
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// Nil when the text is not a duration.
    package static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        var sign = 1.0
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard number.contains(where: \.isNumber),
                let value = Double(number.hasPrefix(".") ? "0" + number : number.hasSuffix(".") ? number + "0" : number)
            else { return nil }
            rest = rest.dropFirst(number.count)
            guard let unit = units.first(where: { rest.hasPrefix($0.name) }) else { return nil }
            rest = rest.dropFirst(unit.name.count)
            total += value * unit.nanoseconds
        }
        guard total <= Double(Int64.max) else { return nil }
        return .nanoseconds(Int64((sign * total).rounded()))
    }
}
