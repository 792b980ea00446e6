/// RFC 4648 in both alphabets.
enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// With padding.
    static func encode(_ bytes: some Collection<UInt8>) -> String { encode(bytes, standard, padded: true) }

    /// For JSON Web Tokens: the URL alphabet, no padding.
    static func encodeURL(_ bytes: some Collection<UInt8>) -> String { encode(bytes, url, padded: false) }

    private static func encode(_ bytes: some Collection<UInt8>, _ alphabet: [UInt8], padded: Bool) -> String {
        var output: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        func flush() {
            let shifted = group << UInt32(8 * (3 - count))
            for index in 0...count { output.append(alphabet[Int(shifted >> UInt32(18 - 6 * index) & 63)]) }
            if padded { output.append(contentsOf: Array(repeating: UInt8(ascii: "="), count: 3 - count)) }
        }
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                flush()
                group = 0
                count = 0
            }
        }
        if count > 0 { flush() }
        return String(decoding: output, as: UTF8.self)
    }

    /// Accepts both alphabets, with or without padding, and line ends; nil for anything else.
    static func decode(_ text: String) -> [UInt8]? {
        var output: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for byte in text.utf8 {
            let value: UInt32
            switch byte {
            case 0x41...0x5A: value = UInt32(byte) - 0x41
            case 0x61...0x7A: value = UInt32(byte) - 0x61 + 26
            case 0x30...0x39: value = UInt32(byte) - 0x30 + 52
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="), 0x0A, 0x0D: continue
            default: return nil
            }
            group = group << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        return output
    }
}
