import NIOCore
import NIOHTTP1

/// Reads a request head from bytes, strictly, to decide whether the request asks for another protocol. A head that it does
/// not accept is left to the ordinary HTTP decoder, which answers 400 for broken requests.
package enum RequestHeadParser {
    /// The index after the empty line that ends a request's or a response's head, counted from the start of `bytes`.
    package static func endOfHead(in bytes: some RandomAccessCollection<UInt8>) -> Int? {
        var matched = 0
        for (offset, byte) in bytes.enumerated() {
            switch (matched, byte) {
            case (0, 0x0D), (2, 0x0D): matched += 1
            case (1, 0x0A): matched = 2
            case (3, 0x0A): return offset + 1
            case (_, 0x0D): matched = 1
            default: matched = 0
            }
        }
        return nil
    }

    /// The head when it is well formed HTTP/1.1 and asks for an upgrade, with the protocols that it names.
    static func upgradeHead(_ bytes: some Collection<UInt8>) -> (head: HTTPRequestHead, protocols: [String])? {
        let text = String(decoding: bytes, as: UTF8.self)
        // Line ends are one grapheme in Swift: splitting works on unicode scalars.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line -> Substring in
            Substring(line.last == "\r" ? line.dropLast() : line)
        }
        guard !lines.isEmpty else { return nil }
        let requestLine = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard requestLine.count == 3, requestLine[2] == "HTTP/1.1", !requestLine[1].isEmpty, isToken(requestLine[0]) else { return nil }

        var headers = HTTPHeaders()
        for line in lines where !line.isEmpty {
            guard let colon = line.firstIndex(of: ":"), isToken(line[..<colon]) else { return nil }
            headers.add(name: String(line[..<colon]), value: trimmed(line[line.index(after: colon)...]))
        }
        let connection = headers[canonicalForm: "connection"]
        guard connection.contains(where: { $0.lowercased() == "upgrade" }) else { return nil }
        let protocols = headers[canonicalForm: "upgrade"].map(String.init)
        // A body would have to be read before the connection can change; no protocol here sends one.
        let length = headers.first(name: "content-length") ?? "0"
        guard !protocols.isEmpty, length == "0", !headers.contains(name: "transfer-encoding") else { return nil }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: String(requestLine[0])), uri: String(requestLine[1]), headers: headers)
        return (head, protocols)
    }

    private static func isToken(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
    }

    private static func trimmed(_ text: Substring) -> String {
        var rest = text
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
