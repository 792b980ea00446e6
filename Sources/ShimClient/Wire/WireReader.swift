package import CLinux
package import PodCore

/// Takes messages and records of swl_wire.h apart. Every length is checked against what is really there.
package enum WireReader {
    /// The fields of a received message.
    package static func message(_ bytes: [UInt8]) throws(RuntimeFailure) -> (header: swl_header, fields: [WireField]) {
        let header: swl_header = try start(of: bytes, "message")
        guard header.magic == SWL_WIRE_MAGIC else { throw malformed("message", "magic number \(header.magic)", "\(SWL_WIRE_MAGIC)") }
        guard (1...UInt16(SWL_WIRE_VERSION)).contains(header.version) else {
            throw malformed("message", "version \(header.version)", "1 to \(SWL_WIRE_VERSION)")
        }
        guard Int(header.length) == bytes.count else {
            throw malformed("message", "\(bytes.count) bytes", "the \(header.length) that its header states")
        }
        return (header, try fields(bytes, from: MemoryLayout<swl_header>.size, "message"))
    }

    /// The fields of a record: what `swiftlet-shim` reads, here for checking what was written.
    package static func record(_ bytes: [UInt8]) throws(RuntimeFailure) -> (header: swl_record, fields: [WireField]) {
        let header: swl_record = try start(of: bytes, "record")
        guard header.magic == SWL_RECORD_MAGIC else { throw malformed("record", "magic number \(header.magic)", "\(SWL_RECORD_MAGIC)") }
        guard Int(header.length) == bytes.count else {
            throw malformed("record", "\(bytes.count) bytes", "the \(header.length) that its header states")
        }
        return (header, try fields(bytes, from: MemoryLayout<swl_record>.size, "record"))
    }

    private static func start<Layout: BitwiseCopyable>(of bytes: [UInt8], _ what: String) throws(RuntimeFailure) -> Layout {
        guard bytes.count >= MemoryLayout<Layout>.size else {
            throw malformed(what, "\(bytes.count) bytes", "at least \(MemoryLayout<Layout>.size)")
        }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: Layout.self) }
    }

    private static func fields(_ bytes: [UInt8], from start: Int, _ what: String) throws(RuntimeFailure) -> [WireField] {
        var fields: [WireField] = []
        var offset = start
        let headSize = MemoryLayout<swl_field>.size
        while offset < bytes.count {
            guard bytes.count - offset >= headSize else { throw malformed(what, "\(bytes.count - offset) bytes behind the last field", "none") }
            let head = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: swl_field.self) }
            let begin = offset + headSize
            let length = Int(head.length)
            let padded = (length + 7) / 8 * 8
            guard padded <= bytes.count - begin else {
                throw malformed(what, "a field \(head.tag) of \(length) bytes", "at most \(bytes.count - begin)")
            }
            fields.append(WireField(tag: head.tag, flags: head.flags, payload: Array(bytes[begin..<begin + length])))
            offset = begin + padded
        }
        return fields
    }

    private static func malformed(_ what: String, _ found: String, _ wanted: String) -> RuntimeFailure {
        RuntimeFailure(.internal, "a \(what) of the shim cannot be read: found \(found), wanted \(wanted)")
    }
}
