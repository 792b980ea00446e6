/// The formats of control files (`Documentation/admin-guide/cgroup-v2.rst`). Total over bytes of any content: lines of another form are skipped.
enum ControlFormat {
    private static let space = UInt8(ascii: " ")
    private static let newline = UInt8(ascii: "\n")

    static func firstLine(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> { bytes.prefix { $0 != newline } }

    /// Decimal digits and nothing else, within 64 bits.
    static func number(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        guard !bytes.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, passes) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if overflows || passes { return nil }
            value = sum
        }
        return value
    }

    static func forEachLine(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        var rest = bytes
        while !rest.isEmpty {
            let line = firstLine(rest)
            body(line)
            rest = rest[line.endIndex...].dropFirst()
        }
    }

    /// `KEY VALUE` lines (flat keyed): puts the values of the wanted keys where they belong.
    static func flat<Target>(_ bytes: ArraySlice<UInt8>, into target: inout Target, _ wanted: [(StaticString, WritableKeyPath<Target, UInt64?>)]) {
        forEachLine(bytes) { line in
            let key = line.prefix { $0 != space }
            guard let entry = wanted.first(where: { key.elementsEqual($0.0.bytes) }) else { return }
            if let value = number(line[key.endIndex...].dropFirst()) { target[keyPath: entry.1] = value }
        }
    }

    /// ` SUBKEY=VALUE` parts behind a line's key (nested keyed).
    static func parts(_ line: ArraySlice<UInt8>, _ body: (_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for part in line.split(separator: space) {
            let key = part.prefix { $0 != UInt8(ascii: "=") }
            if key.endIndex < part.endIndex { body(key, part[key.endIndex...].dropFirst()) }
        }
    }

    /// A decimal number with up to two digits behind the point, as averages of pressure have it.
    static func average(_ bytes: ArraySlice<UInt8>) -> Double? {
        let whole = bytes.prefix { $0 != UInt8(ascii: ".") }
        guard let integer = number(whole) else { return nil }
        guard whole.endIndex < bytes.endIndex else { return Double(integer) }
        let fraction = bytes[whole.endIndex...].dropFirst()
        guard fraction.count <= 9, let digits = number(fraction) else { return nil }
        return Double(integer) + Double(digits) / (0..<fraction.count).reduce(1.0) { scale, _ in scale * 10 }
    }
}

extension StaticString {
    fileprivate var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
