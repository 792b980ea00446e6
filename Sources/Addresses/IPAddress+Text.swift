extension IPAddress: LosslessStringConvertible {
    /// Reads dotted decimal or a text form of RFC 4291, without brackets, port, prefix or zone. Leading zeros of an IPv4 part are refused:
    /// some programs read them as octal, so that two programs could mean different addresses.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if bytes.contains(Self.colon) {
            guard let value = Self.groups(bytes[...]) else { return nil }
            self.init(family: .v6, value: value)
        } else {
            guard let value = Self.dotted(bytes[...]) else { return nil }
            self.init(family: .v4, value: UInt128(value))
        }
    }

    /// The canonical form of RFC 5952; an IPv4-mapped address ends in dotted decimal.
    package var description: String {
        if family == .v4 { return Self.dotted(UInt32(value)) }
        if value >> 32 == 0xffff { return "::ffff:" + Self.dotted(UInt32(truncatingIfNeeded: value)) }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: value >> UInt128(112 - 16 * $0)) }
        let gap = Self.longestGap(groups)
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        return gap.isEmpty ? text(groups[...]) : text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
    }

    private static let colon = UInt8(ascii: ":")
    private static let dot = UInt8(ascii: ".")

    private static func dotted(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: dot, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let byte = decimal(part), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard (1...3).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return UInt8(exactly: value)
    }

    /// Groups of four hexadecimal digits, the last two of which may be dotted decimal. One `::` stands for the missing groups.
    private static func groups(_ text: ArraySlice<UInt8>) -> UInt128? {
        var rest = text
        var value: UInt128 = 0
        var count = 0
        var gap: Int?
        if rest.starts(with: [colon, colon]) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != colon }
            rest = rest[group.endIndex...]
            if rest.isEmpty, group.contains(dot) {
                guard let address = dotted(group) else { return nil }
                value = value << 32 | UInt128(address)
                count += 2
                break
            }
            guard let number = hexadecimal(group), count < 8 else { return nil }
            value = value << 16 | UInt128(number)
            count += 1
            guard !rest.isEmpty else { break }
            rest = rest.dropFirst()
            if rest.first == colon {
                guard gap == nil else { return nil }
                gap = count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        guard let gap else { return count == 8 ? value : nil }
        guard count < 8 else { return nil }
        let low = UInt128(16 * (count - gap))
        return (value >> low) << UInt128(128 - 16 * gap) | value & ((1 << low) - 1)
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    private static func dotted(_ value: UInt32) -> String {
        "\(value >> 24).\(value >> 16 & 0xff).\(value >> 8 & 0xff).\(value & 0xff)"
    }

    /// The first of the longest runs of at least two zero groups.
    private static func longestGap(_ groups: [UInt16]) -> Range<Int> {
        var best = 0..<0
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        return best
    }
}
