import NIOCore

/// The head of an answer to an upgrade request, as far as the client needs it.
struct ResponseHead: Sendable {
    private static let longest = 64 << 10

    let status: Int
    let contentLength: Int?
    /// `Sec-WebSocket-Accept`.
    let accept: String?

    /// Takes the head off the front of `bytes`; `nil` when it is not complete yet.
    static func take(from bytes: inout ByteBuffer) throws(StreamClientError) -> ResponseHead? {
        let text = String(decoding: bytes.readableBytesView, as: UTF8.self).unicodeScalars
        // Searched in the bytes: a body need not be text.
        let view = bytes.readableBytesView
        guard let end = view.indices.first(where: { view[$0...].starts(with: [13, 10, 13, 10]) }) else {
            guard view.count <= longest else { throw .brokenAnswer("a head of more than \(longest) bytes") }
            return nil
        }
        let length = end - view.startIndex
        bytes.moveReaderIndex(forwardBy: length + 4)
        var lines = text.prefix(length).split(separator: "\n").map { String(String.UnicodeScalarView($0.filter { $0 != "\r" })) }
        let parts = lines.removeFirst().split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else { throw .brokenAnswer("no HTTP status line") }
        func header(_ name: String) -> String? {
            for line in lines {
                guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { continue }
                return String(line[line.index(after: colon)...].drop { $0 == " " })
            }
            return nil
        }
        return ResponseHead(status: status, contentLength: header("content-length").flatMap { Int($0) }, accept: header("sec-websocket-accept"))
    }
}
