import CLinux

/// One field of a message or record, as it was received; nothing in it is trusted before it was checked.
package struct WireField: Sendable, Hashable {
    package let tag: UInt16
    package let flags: UInt16
    package let payload: [UInt8]

    /// The fixed layout at the start of the payload, `nil` when the payload is shorter.
    /// - Parameter exact: nothing may follow it.
    package func layout<Layout: BitwiseCopyable>(_ type: Layout.Type, exact: Bool = true) -> Layout? {
        let size = MemoryLayout<Layout>.size
        guard exact ? payload.count == size : payload.count >= size else { return nil }
        return payload.withUnsafeBytes { $0.loadUnaligned(as: type) }
    }

    /// The bytes behind the fixed layout.
    package func tail<Layout: BitwiseCopyable>(after type: Layout.Type) -> ArraySlice<UInt8> {
        payload.dropFirst(MemoryLayout<Layout>.size)
    }

    /// Text for people and ids; bytes that are not UTF-8 are replaced.
    package var string: String { String(decoding: payload, as: UTF8.self) }

    package var numbers: [UInt32]? {
        guard payload.count % 4 == 0 else { return nil }
        return payload.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count, by: 4).map { buffer.loadUnaligned(fromByteOffset: $0, as: UInt32.self) }
        }
    }
}
