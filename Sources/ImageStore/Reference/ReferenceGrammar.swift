/// The character rules of image references, as the distribution project defines them.
enum ReferenceGrammar {
    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...122).contains(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    static func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerAlphanumeric(byte) || (65...90).contains(byte) }
    static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (97...102).contains(byte) || (65...70).contains(byte) }

    /// A host name, an IPv4 address or a bracketed IPv6 address, each with an optional port.
    static func isDomain(_ text: Substring) -> Bool {
        var host = Array(text.utf8)
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")), end > 1 else { return false }
            guard host[1..<end].allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") }) else { return false }
            let rest = host[(end + 1)...]
            return rest.isEmpty || isPort(rest)
        }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) {
            guard isPort(host[colon...]) else { return false }
            host.removeSubrange(colon...)
        }
        return host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
            return label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        text.first == UInt8(ascii: ":") && text.count > 1 && text.dropFirst().allSatisfy(isDigit)
    }

    /// Path components of lower-case letters and digits, joined inside by one `.`, one or two `_`, or any number of `-`.
    static func isPath(_ text: Substring) -> Bool {
        let components = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return !components.isEmpty
            && components.allSatisfy { component in
                guard let first = component.first, let last = component.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last) else {
                    return false
                }
                let separators = component.split(whereSeparator: isLowerAlphanumeric)
                return separators.allSatisfy { run in
                    run.elementsEqual(".".utf8) || run.elementsEqual("_".utf8) || run.elementsEqual("__".utf8)
                        || run.allSatisfy { $0 == UInt8(ascii: "-") }
                }
            }
    }

    /// At most 128 letters, digits, `_`, `.`, `-`, the first neither `.` nor `-`.
    static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, isAlphanumeric(first) || first == UInt8(ascii: "_") else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// `<algorithm>:<at least 32 hexadecimal digits>`, whatever the algorithm.
    static func isDigest(_ text: Substring) -> Bool {
        guard let colon = text.firstIndex(of: ":") else { return false }
        let digits = text[text.index(after: colon)...].utf8
        guard digits.count >= 32, digits.allSatisfy(isHexadecimal) else { return false }
        let names = text[..<colon].utf8.split(omittingEmptySubsequences: false) { "-_+.".utf8.contains($0) }
        return names.allSatisfy { name in
            guard let first = name.first else { return false }
            return isAlphanumeric(first) && !isDigit(first) && name.allSatisfy(isAlphanumeric)
        }
    }
}
