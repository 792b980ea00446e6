/// The value of an interface's name in a rule.
package enum InterfaceName {
    /// Bytes of a name in the kernel (IFNAMSIZ), a zero at the end among them.
    package static let size = 16

    /// The name itself. A longer one than the kernel has is cut.
    package static func exactly(_ name: String) -> PackedBytes {
        let bytes = Array(name.utf8.prefix(size - 1))
        return PackedBytes(bytes + [UInt8](repeating: 0, count: size - bytes.count))
    }

    /// Every name that begins so.
    package static func beginning(_ prefix: String) -> PackedBytes { PackedBytes(prefix.utf8.prefix(size - 1)) }
}
