import KubeModel

/// Quantities as Go's `resource.Quantity` prints them: in their canonical form.
enum GoQuantity {
    /// A number of bytes, as `resource.NewQuantity` with the format `BinarySI` prints it: below 1024 it is decimal.
    static func binary(_ value: Int64) -> String {
        value > -1024 && value < 1024 ? decimal(value) : Quantity(bytes: value).text
    }

    /// A number with the largest decimal suffix that keeps it whole.
    static func decimal(_ value: Int64) -> String {
        var number = value
        var suffixes = ["", "k", "M", "G", "T", "P", "E"][...]
        while number != 0, number % 1000 == 0, suffixes.count > 1 {
            number /= 1000
            suffixes.removeFirst()
        }
        return "\(number)\(suffixes.first ?? "")"
    }

    /// A quantity as it was written, in the canonical form of its kind of suffix.
    static func text(_ quantity: Quantity) -> String {
        guard quantity == Quantity(quantity.value) else { return quantity.text }
        if quantity.text.hasSuffix("i") { return binary(quantity.value) }
        // With an exponent it stays with one.
        let hasExponent = quantity.text.dropLast().contains { $0 == "e" || $0 == "E" }
        return hasExponent ? quantity.text : decimal(quantity.value)
    }

    /// The sum of quantities, with the first one's kind of suffix.
    static func sum(_ quantities: [Quantity]) -> Quantity? {
        guard let first = quantities.first else { return nil }
        if quantities.count == 1 { return first }
        let total = quantities.reduce(Int64(0)) { sum, quantity in
            let (result, overflows) = sum.addingReportingOverflow(quantity.value)
            return overflows ? .max : result
        }
        return first.text.hasSuffix("i") ? Quantity(bytes: total) : Quantity(decimal(total))
    }
}
