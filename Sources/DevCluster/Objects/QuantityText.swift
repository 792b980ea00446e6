import KubeModel

/// Quantities as an API server writes them back: `0.5` becomes `500m`, `1000` becomes `1k`, `1.5Gi` becomes `1536Mi`.
enum QuantityText {
    /// A value that is not a quantity stays as it is; validation names it.
    static func canonical(_ value: JSONValue) -> JSONValue {
        let text: String
        switch value {
        case .string(let string): text = string
        case .integer(let number): text = String(number)
        case .double(let number): text = String(number)
        default: return value
        }
        guard let quantity = Quantity(text) else { return value }
        if text.hasSuffix("i") { return .string(Quantity(bytes: quantity.value).text) }
        if text.contains(where: { $0 == "e" || $0 == "E" }), !text.hasSuffix("E") { return .string(text) }
        guard quantity == Quantity(quantity.value) else {
            return .string(quantity == Quantity(milli: quantity.milliValue) ? "\(quantity.milliValue)m" : text)
        }
        var number = quantity.value
        var suffixes = ["", "k", "M", "G", "T", "P", "E"][...]
        while number != 0, number % 1000 == 0, suffixes.count > 1 {
            number /= 1000
            suffixes.removeFirst()
        }
        return .string("\(number)\(suffixes.first ?? "")")
    }
}
