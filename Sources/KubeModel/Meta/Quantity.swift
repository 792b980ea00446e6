/// A Kubernetes resource quantity such as `100m`, `1.5Gi` or `2e3` (`resource.Quantity`), exact to nano units.
///
/// The text is kept as written, because an API object must read back as it was sent.
package struct Quantity: Sendable, Hashable {
    package let text: String
    /// The value in units of 10^-9, saturated at the ends of `Int128`.
    private let nanos: Int128

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

    /// The value rounded up to a whole number (bytes, CPUs, pods), saturated.
    package var value: Int64 { scaled(by: 1_000_000_000) }

    /// The value in thousandths (millicores), rounded up, saturated.
    package var milliValue: Int64 { scaled(by: 1_000_000) }

    package var isZero: Bool { nanos == 0 }

    /// The sum, written with the larger summand's kind of suffix: binary for bytes, thousandths for CPUs.
    package func adding(_ other: Quantity) -> Quantity {
        let (sum, overflow) = nanos.addingReportingOverflow(other.nanos)
        if overflow { return self }
        let isBinary = text.last == "i" || other.text.last == "i"
        if isBinary, sum % 1_000_000_000 == 0 { return Quantity(bytes: Int64(clamping: sum / 1_000_000_000)) }
        return Quantity(milli: Int64(clamping: (sum + 999_999) / 1_000_000))
    }

    private func scaled(by divisor: Int128) -> Int64 {
        var result = nanos / divisor
        if nanos > 0, nanos % divisor != 0 { result += 1 }
        return Int64(clamping: result)
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
        var fractionDigits = 0
        var sawDigit = false
        var inFraction = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "."), !inFraction {
                inFraction = true
            } else if (0x30...0x39).contains(byte) {
                sawDigit = true
                // Past 24 digits only the magnitude matters, and the result saturates below.
                guard digits < 100_000_000_000_000_000_000_000 else { return inFraction ? nil : .max }
                digits = digits * 10 + Int128(byte - 0x30)
                if inFraction { fractionDigits += 1 }
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        guard sawDigit, let scale = scale(of: Substring(rest)) else { return nil }
        var nanos: Int128
        let (numerator, overflow) = digits.multipliedReportingOverflow(by: scale)
        if overflow {
            nanos = .max
        } else {
            var divisor: Int128 = 1
            for _ in 0..<fractionDigits { divisor *= 10 }
            // Kubernetes rounds up what is finer than a nano unit.
            nanos = numerator / divisor + (numerator % divisor != 0 ? 1 : 0)
        }
        if negative { nanos = -nanos }
        return nanos
    }

    /// The number of nano units in one unit of the suffix.
    private static func scale(of suffix: Substring) -> Int128? {
        let nano: Int128 = 1_000_000_000
        switch suffix {
        case "": return nano
        case "n": return 1
        case "u": return 1_000
        case "m": return 1_000_000
        case "k": return nano * 1_000
        case "M": return nano * 1_000_000
        case "G": return nano * 1_000_000_000
        case "T": return nano * 1_000_000_000_000
        case "P": return nano * 1_000_000_000_000_000
        case "E": return nano * 1_000_000_000_000_000_000
        case "Ki": return nano << 10
        case "Mi": return nano << 20
        case "Gi": return nano << 30
        case "Ti": return nano << 40
        case "Pi": return nano << 50
        case "Ei": return nano << 60
        default: break
        }
        guard let first = suffix.first, first == "e" || first == "E", let exponent = Int(suffix.dropFirst()), (-9...18).contains(exponent) else {
            return nil
        }
        var result = nano
        for _ in 0..<abs(exponent) { result = exponent > 0 ? result * 10 : result / 10 }
        return result
    }
}
