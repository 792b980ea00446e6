import NIOCore
import NIOHTTP1

/// A response head as bytes.
enum ResponseHeadWriter {
    static func head(_ status: HTTPResponseStatus, _ headers: HTTPHeaders) -> ByteBuffer {
        var bytes = ByteBuffer(string: "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        for (name, value) in headers {
            // A line end inside a relayed value would start a header of the sender's choice.
            let clean = String(String.UnicodeScalarView(value.unicodeScalars.filter { $0 != "\r" && $0 != "\n" }))
            bytes.writeString("\(name): \(clean)\r\n")
        }
        bytes.writeString("\r\n")
        return bytes
    }
}
