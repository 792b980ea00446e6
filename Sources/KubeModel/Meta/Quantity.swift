/// A Kubernetes resource quantity such as `100m`, `1.5Gi` or `2e3` (`resource.Quantity`), exact to nano units.
///
/// The text is kept as written, because an API object must read back as it was sent.
package struct Quantity: Sendable, Hashable {
    package let text: String
    /// The value in units of 10^-9, at most `limit` in either direction.
    private let nanos: Int128
    /// A larger value is taken for this limit, as Kubernetes does.
    private static let limit = Int128(Int64.max) * 1_000_000_000

    /// Fails when the text is not `<sign>digits[.digits][suffix]` with a suffix that Kubernetes knows.
    package init?(_ text: String) {
        guard let nanos = Self.parse(text) else { return nil }
        self.text = text
        self.nanos = nanos
    }

    /// A whole number without suffix.
    package init(_ value: Int64) {
        text = String(value)
        nanos = Int128(value) * 1_000_000_000
    }

    /// A number of thousandths, written as Kubernetes canonicalises it: `1500m`, or `2` for 2000.
    package init(milli: Int64) {
        text = milli % 1000 == 0 ? String(milli / 1000) : "\(milli)m"
        nanos = Int128(milli) * 1_000_000
    }

    /// A number of bytes, written with the largest binary suffix that divides it.
    package init(bytes: Int64) {
        let suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
        var shift = 0
        while bytes != 0, shift < 6, (bytes >> (Int64(shift) * 10)) % 1024 == 0 { shift += 1 }
        text = "\(bytes >> (Int64(shift) * 10))\(suffixes[shift])"
        nanos = Int128(bytes) * 1_000_000_000
    }

    /// A number of bytes in whole kibibytes, as the kernel counts memory; the rest is dropped.
    package init(kibibytes bytes: Int64) {
        text = "\(bytes >> 10)Ki"
        nanos = Int128((bytes >> 10) << 10) * 1_000_000_000
    }

    /// The value rounded away from zero to a whole number (bytes, CPUs, pods), saturated.
    package var value: Int64 { scaled(by: 1_000_000_000) }

    /// The value in thousandths (millicores), rounded away from zero, saturated.
    package var milliValue: Int64 { scaled(by: 1_000_000) }

    package var isZero: Bool { nanos == 0 }

    /// The sum, written with the larger summand's kind of suffix: binary for bytes, thousandths for CPUs.
    package func adding(_ other: Quantity) -> Quantity {
        let sum = nanos + other.nanos
        let isBinary = text.last == "i" || other.text.last == "i"
        if isBinary, sum % 1_000_000_000 == 0 { return Quantity(bytes: Int64(clamping: sum / 1_000_000_000)) }
        return Quantity(milli: Int64(clamping: (sum + 999_999) / 1_000_000))
    }

    private func scaled(by divisor: Int128) -> Int64 {
        let (result, rest) = nanos.quotientAndRemainder(dividingBy: divisor)
        return Int64(clamping: result + rest.signum())
    }

    package static func == (lhs: Quantity, rhs: Quantity) -> Bool { lhs.nanos == rhs.nanos }

    package func hash(into hasher: inout Hasher) { hasher.combine(nanos) }
}

extension Quantity: Comparable {
    package static func < (lhs: Quantity, rhs: Quantity) -> Bool { lhs.nanos < rhs.nanos }
}

extension Quantity: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text: String
        if let string = try? container.decode(String.self) {
            text = string
        } else if let integer = try? container.decode(Int64.self) {
            text = String(integer)
        } else {
            text = String(try container.decode(Double.self))
        }
        guard let quantity = Quantity(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a quantity such as 100m, 2 or 1.5Gi")
        }
        self = quantity
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Quantity {
    private static func parse(_ text: String) -> Int128? {
        var rest = text.utf8[...]
        var negative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        var digits: Int128 = 0
        // The power of ten that `digits` is to be multiplied by.
        var exponent = 0
        // Digits that are too fine to be kept were not all zero.
        var hasMore = false
        var sawDigit = false
        var inFraction = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "."), !inFraction {
                inFraction = true
            } else if (0x30...0x39).contains(byte) {
                sawDigit = true
                if digits < manyDigits {
                    digits = digits * 10 + Int128(byte - 0x30)
                    if inFraction { exponent -= 1 }
                } else {
                    hasMore = hasMore || byte != 0x30
                    if !inFraction { exponent += 1 }
                }
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        guard sawDigit, let suffix = scale(of: Substring(rest)) else { return nil }
        let (magnitude, isExact) = scaled(digits * Int128(suffix.factor), by: exponent + suffix.exponent)
        // Kubernetes rounds a fraction of a nano unit up.
        let nanos = min(magnitude + (isExact && !hasMore ? 0 : 1), limit)
        return negative ? -nanos : nanos
    }

    /// More digits than this has are not kept one by one: 10^19, which times the largest binary factor fits into `Int128`.
    private static let manyDigits: Int128 = 10_000_000_000_000_000_000

    /// `number` times a power of ten, at most `limit`, and whether nothing was cut off.
    private static func scaled(_ number: Int128, by exponent: Int) -> (Int128, isExact: Bool) {
        var result = number
        var isExact = true
        // Past 40 digits either way the result no longer depends on the exponent.
        for _ in 0..<min(abs(exponent), 40) {
            if exponent > 0 {
                if result > limit { return (limit, true) }
                result *= 10
            } else {
                isExact = isExact && result % 10 == 0
                result /= 10
            }
        }
        return (result, isExact)
    }

    /// One unit of the suffix in nano units, as `factor` times ten to the power of `exponent`.
    private static func scale(of suffix: Substring) -> (factor: Int64, exponent: Int)? {
        switch suffix {
        case "n": return (1, 0)
        case "u": return (1, 3)
        case "m": return (1, 6)
        case "": return (1, 9)
        case "k": return (1, 12)
        case "M": return (1, 15)
        case "G": return (1, 18)
        case "T": return (1, 21)
        case "P": return (1, 24)
        case "E": return (1, 27)
        case "Ki": return (1 << 10, 9)
        case "Mi": return (1 << 20, 9)
        case "Gi": return (1 << 30, 9)
        case "Ti": return (1 << 40, 9)
        case "Pi": return (1 << 50, 9)
        case "Ei": return (1 << 60, 9)
        default: break
        }
        guard let first = suffix.first, first == "e" || first == "E", let exponent = Int32(suffix.dropFirst()) else { return nil }
        return (1, 9 + Int(exponent))
    }
}
