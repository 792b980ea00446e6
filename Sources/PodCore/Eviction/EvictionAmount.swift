package import KubeModel

/// An amount of a resource: a quantity, or a fraction of the capacity.
package enum EvictionAmount: Sendable, Hashable {
    case quantity(Quantity)
    /// 0.1 for `10%`. As precise as kubelet computes it, so that both come to the same amounts.
    case fraction(Float)

    /// A quantity of at least 0, or a percentage from 0 to 100.
    package init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let percent = Float(text.dropLast()), (0...100).contains(percent) else { return nil }
            self = .fraction(percent / 100)
        } else {
            guard let quantity = Quantity(text), quantity >= Quantity(0) else { return nil }
            self = .quantity(quantity)
        }
    }

    /// Returns the amount for a capacity, in the unit of the resource.
    package func amount(of capacity: Int64) -> Int64 {
        switch self {
        case .quantity(let quantity): quantity.value
        case .fraction(let fraction): Int64(Double(capacity) * Double(fraction))
        }
    }

    /// The amount for a capacity as messages have it.
    func text(of capacity: Int64) -> String {
        switch self {
        case .quantity(let quantity): GoQuantity.text(quantity)
        case .fraction: GoQuantity.binary(amount(of: capacity))
        }
    }
}
