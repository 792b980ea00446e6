/// The amounts of resources that must become free, each above 0, in the units of ``ResourceAmounts``.
struct ResourceShortfall: Sendable, CustomStringConvertible {
    private var missing: [(name: String, amount: Int128)]

    init(_ shortages: [InsufficientResource]) {
        missing = shortages.map { ($0.name, $0.missing) }
    }

    var isEmpty: Bool { missing.isEmpty }

    /// Returns the amounts that stay missing when others are free.
    func reduced(by freed: [ResourceAmounts]) -> ResourceShortfall {
        var result = self
        result.missing = missing.compactMap { name, amount in
            let rest = freed.reduce(amount) { $0 - $1[name] }
            return rest > 0 ? (name, rest) : nil
        }
        return result
    }

    /// How far the amounts are from what is missing: the squares of the parts that stay missing, so that each resource has the same weight.
    func distance(after freed: ResourceAmounts) -> Double {
        missing.reduce(0) { sum, entry in
            let part = Double(max(0, entry.amount - freed[entry.name])) / Double(entry.amount)
            return sum + part * part
        }
    }

    /// As kubelet writes it: `[(res: cpu, q: 500), ]`.
    var description: String { "[" + missing.map { "(res: \($0.name), q: \($0.amount)), " }.joined() + "]" }
}
