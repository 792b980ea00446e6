import NIOHTTP1
import PodCore

extension HTTPCheck {
    /// The request line and the headers. A path without slash can only be a query, or nothing.
    var request: HTTPRequestHead {
        var fields = HTTPHeaders()
        fields.add(name: "Host", value: hostHeader ?? authority)
        for header in headers { fields.add(name: header.name, value: header.value) }
        if !fields[canonicalForm: "Connection"].contains(where: { $0.lowercased() == "close" }) { fields.add(name: "Connection", value: "close") }
        return HTTPRequestHead(version: .http1_1, method: .GET, uri: path.hasPrefix("/") ? path : "/" + path, headers: fields)
    }

    /// Returns why the headers cannot be sent, in Go's words; `nil` if they can. A control character could begin another header.
    var objection: String? {
        for header in headers {
            let isToken = !header.name.isEmpty && header.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !Self.separators.contains($0) }
            if !isToken { return "net/http: invalid header field name \(GoText.quoted(header.name))" }
            if Self.hasControl(header.value) { return "net/http: invalid header field value for \(GoText.quoted(header.name))" }
        }
        if let hostHeader, Self.hasControl(hostHeader) { return "http: invalid Host header" }
        return nil
    }

    private static let separators = Set(#"()<>@,;:\"/[]?={}"#.utf8)

    private static func hasControl(_ text: String) -> Bool { text.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f } }
}
