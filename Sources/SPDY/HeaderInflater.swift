import CZlib

/// Expands the header blocks of one direction of a connection: one zlib stream, flushed at the end of each block.
final class HeaderInflater {
    /// Bytes of one expanded block. What nodes are sent has a few hundred.
    static let longestBlock = 64 << 10

    /// At a fixed address, which zlib's own state points back to.
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(SPDYViolation) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw SPDYViolation("header decompression cannot be set up")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func expand(_ block: [UInt8]) throws(SPDYViolation) -> [UInt8] {
        var input = block
        var output = [UInt8](repeating: 0, count: 1024)
        var filled = 0
        let end = input.withUnsafeMutableBufferPointer { input -> Int32 in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            while true {
                if filled == output.count {
                    guard output.count < Self.longestBlock else { return Z_MEM_ERROR }
                    output.append(contentsOf: repeatElement(0, count: output.count))
                }
                let result = output.withUnsafeMutableBufferPointer { output -> Int32 in
                    stream.pointee.next_out = output.baseAddress! + filled
                    stream.pointee.avail_out = UInt32(output.count - filled)
                    let result = inflate(stream, Z_SYNC_FLUSH)
                    filled = output.count - Int(stream.pointee.avail_out)
                    return result
                }
                switch result {
                case Z_NEED_DICT:
                    guard Self.setDictionary(stream) == Z_OK else { return Z_DATA_ERROR }
                case Z_OK where stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0: continue
                // Nothing was left to do.
                case Z_OK, Z_BUF_ERROR: return Z_OK
                default: return Z_DATA_ERROR
                }
            }
        }
        stream.pointee.next_in = nil
        switch end {
        case Z_OK: return Array(output[..<filled])
        case Z_MEM_ERROR: throw SPDYViolation("a header block of more than \(Self.longestBlock) bytes")
        default: throw SPDYViolation("a header block that zlib cannot expand")
        }
    }

    private static func setDictionary(_ stream: UnsafeMutablePointer<z_stream>) -> Int32 {
        HeaderDictionary.bytes.withUnsafeBufferPointer { inflateSetDictionary(stream, $0.baseAddress, UInt32($0.count)) }
    }
}
