package import CLinux

/// Builds a message or a record of swl_wire.h: a header, then fields padded to 8 bytes. The layouts are the C structs themselves.
package struct WireWriter {
    private(set) var bytes: [UInt8]

    /// A message. `length` is filled in by `finished`.
    package init(type: UInt16, sequence: UInt32) {
        bytes = []
        bytes.reserveCapacity(256)
        Self.append(
            swl_header(magic: SWL_WIRE_MAGIC, version: UInt16(SWL_WIRE_VERSION), type: type, length: 0, sequence: sequence), to: &bytes)
    }

    /// A record. `length` is filled in by `finished`.
    package init(kind: swl_kind) {
        bytes = []
        bytes.reserveCapacity(8 << 10)
        Self.append(
            swl_record(magic: SWL_RECORD_MAGIC, version: UInt16(SWL_WIRE_VERSION), kind: UInt16(kind.rawValue), length: 0, reserved: 0), to: &bytes)
    }

    package mutating func bytes(_ tag: swl_tag, _ payload: [UInt8], mustUnderstand: Bool = false) {
        field(tag, length: payload.count, mustUnderstand: mustUnderstand) { $0.append(contentsOf: payload) }
    }

    package mutating func string(_ tag: swl_tag, _ text: String) {
        bytes(tag, Array(text.utf8))
    }

    package mutating func strings(_ tag: swl_tag, _ list: [String]) {
        for text in list { string(tag, text) }
    }

    package mutating func number(_ tag: swl_tag, _ value: UInt32) {
        layout(tag, value)
    }

    package mutating func numbers(_ tag: swl_tag, _ values: [UInt32]) {
        field(tag, length: values.count * 4, mustUnderstand: false) { bytes in
            for value in values { Self.append(value, to: &bytes) }
        }
    }

    /// A fixed layout, then the strings whose lengths it states.
    package mutating func layout<Layout: BitwiseCopyable>(_ tag: swl_tag, _ value: Layout, followedBy strings: [String] = []) {
        let tails = strings.map { Array($0.utf8) }
        let length = MemoryLayout<Layout>.size + tails.reduce(0) { $0 + $1.count }
        field(tag, length: length, mustUnderstand: false) { bytes in
            Self.append(value, to: &bytes)
            for tail in tails { bytes.append(contentsOf: tail) }
        }
    }

    /// The whole message or record with its length in place (at offset 8 of both headers).
    package func finished() -> [UInt8] {
        var result = bytes
        withUnsafeBytes(of: UInt32(result.count)) { length in
            for (index, byte) in length.enumerated() { result[8 + index] = byte }
        }
        return result
    }

    private mutating func field(_ tag: swl_tag, length: Int, mustUnderstand: Bool, _ payload: (inout [UInt8]) -> Void) {
        let flags: UInt16 = mustUnderstand ? UInt16(SWL_FIELD_MUST_UNDERSTAND) : 0
        Self.append(swl_field(tag: UInt16(tag.rawValue), flags: flags, length: UInt32(length)), to: &bytes)
        payload(&bytes)
        while bytes.count % 8 != 0 { bytes.append(0) }
    }

    private static func append<Layout: BitwiseCopyable>(_ value: Layout, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }
}
