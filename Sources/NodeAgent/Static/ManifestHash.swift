/// FNV-1a with 128 bits, the hash that Kubernetes makes the uids of static pods with.
struct ManifestHash: Sendable, Hashable {
    private static let prime: UInt128 = 1 << 88 | 0x13B
    private(set) var value: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D

    init(_ bytes: some Sequence<UInt8>) {
        add(bytes)
    }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt128(byte)) &* Self.prime }
    }

    /// 32 hexadecimal digits.
    var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }
}
