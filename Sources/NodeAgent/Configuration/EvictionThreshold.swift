package import KubeModel

/// The part of a resource that has to stay free: an amount or a fraction of the capacity.
package enum EvictionThreshold: Sendable, Hashable {
    case quantity(Quantity)
    /// 0.1 for `10%`.
    case fraction(Double)

    package init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), (0...100).contains(percent) else { return nil }
            self = .fraction(percent / 100)
        } else {
            guard let quantity = Quantity(text), quantity.value >= 0 else { return nil }
            self = .quantity(quantity)
        }
    }

    /// Returns the amount for a capacity, in the unit of the resource.
    package func amount(of capacity: Int64) -> Int64 {
        switch self {
        case .quantity(let quantity): quantity.value
        case .fraction(let fraction): Int64(Double(capacity) * fraction)
        }
    }
}
