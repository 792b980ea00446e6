import NIOCore

/// The messages of `grpc.health.v1.Health/Check`, with the five bytes that gRPC puts before each: compression and length.
enum HealthMessage {
    /// `HealthCheckRequest`: the service is field 1, a text.
    static func request(service: String) -> ByteBuffer {
        var message = ByteBuffer()
        if !service.isEmpty {
            message.writeInteger(UInt8(1 << 3 | 2))
            write(varint: UInt64(service.utf8.count), to: &message)
            message.writeString(service)
        }
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt32(message.readableBytes))
        buffer.writeBuffer(&message)
        return buffer
    }

    /// Returns the name of `HealthCheckResponse.ServingStatus`, field 1; `nil` for bytes that are not such a message.
    static func status(_ bytes: ByteBuffer) -> String? {
        var bytes = bytes
        guard bytes.readInteger(as: UInt8.self) == 0, let length = bytes.readInteger(as: UInt32.self), length == bytes.readableBytes else {
            return nil
        }
        var status: UInt64 = 0
        while bytes.readableBytes > 0 {
            guard let key = varint(&bytes) else { return nil }
            switch key & 7 {
            case 0:
                guard let value = varint(&bytes) else { return nil }
                if key >> 3 == 1 { status = value }
            case 2:
                guard let length = varint(&bytes).flatMap(Int.init(exactly:)), bytes.readSlice(length: length) != nil else { return nil }
            case 1: guard bytes.readSlice(length: 8) != nil else { return nil }
            case 5: guard bytes.readSlice(length: 4) != nil else { return nil }
            default: return nil
            }
        }
        let names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
        return status < 4 ? names[Int(status)] : String(status)
    }

    private static func write(varint value: UInt64, to buffer: inout ByteBuffer) {
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(rest))
    }

    private static func varint(_ bytes: inout ByteBuffer) -> UInt64? {
        var value: UInt64 = 0
        for position in 0..<10 {
            guard let byte = bytes.readInteger(as: UInt8.self) else { return nil }
            value |= UInt64(byte & 0x7f) << UInt64(7 * position)
            if byte < 0x80 { return value }
        }
        return nil
    }
}
