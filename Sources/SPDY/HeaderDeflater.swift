import CZlib

/// Compresses the header blocks of one direction of a connection.
final class HeaderDeflater {
    /// A window of 2 KiB, which holds the dictionary: blocks are small, and zlib's usual 256 KiB would be most of a connection's memory.
    private static let windowBits: Int32 = 11
    private static let memoryLevel: Int32 = 1

    /// At a fixed address, which zlib's own state points back to.
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(SPDYViolation) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        var result = deflateInit2_(
            stream, Z_BEST_COMPRESSION, Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
        if result == Z_OK {
            result = HeaderDictionary.bytes.withUnsafeBufferPointer { [stream] in deflateSetDictionary(stream, $0.baseAddress, UInt32($0.count)) }
        }
        guard result == Z_OK else { throw SPDYViolation("header compression cannot be set up") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func compress(_ block: [UInt8]) throws(SPDYViolation) -> [UInt8] {
        var input = block
        var output = [UInt8](repeating: 0, count: block.count / 2 + 64)
        var filled = 0
        let result = input.withUnsafeMutableBufferPointer { input -> Int32 in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            while true {
                if filled == output.count { output.append(contentsOf: repeatElement(0, count: output.count)) }
                let result = output.withUnsafeMutableBufferPointer { output -> Int32 in
                    stream.pointee.next_out = output.baseAddress! + filled
                    stream.pointee.avail_out = UInt32(output.count - filled)
                    let result = deflate(stream, Z_SYNC_FLUSH)
                    filled = output.count - Int(stream.pointee.avail_out)
                    return result
                }
                // A buffer that is not full means that everything is out.
                if result != Z_OK || stream.pointee.avail_out > 0 { return result }
            }
        }
        stream.pointee.next_in = nil
        guard result == Z_OK || result == Z_BUF_ERROR else { throw SPDYViolation("a header block that zlib cannot compress") }
        return Array(output[..<filled])
    }
}
