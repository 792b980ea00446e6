import FoundationEssentials
import HTTPTypes
import HTTPUpgrade
import KubeModel
import NIOCore
import NIOHTTP1

extension UpgradeRefusal {
    /// The same answer before an upgrade as after none.
    init(_ refusal: Refusal) {
        let answer = refusal.answer
        var headers: HTTPHeaders = ["Content-Type": answer.contentType]
        for field in answer.headers { headers.add(name: field.name.rawName, value: field.value) }
        let body: ByteBuffer
        switch answer.body {
        case .bytes(let bytes): body = bytes
        case .log: body = ByteBuffer()
        }
        self.init(
            status: HTTPResponseStatus(statusCode: answer.status.code, reasonPhrase: answer.status.reasonPhrase), headers: headers, body: body)
    }

    /// As a `metav1.Status`: kubectl reads a refusal as YAML first, and a sentence with a colon in it as a status that says nothing.
    static func status(_ refusal: Refusal) -> UpgradeRefusal {
        var plain = UpgradeRefusal(refusal)
        var message = String(buffer: plain.body)
        while message.last == "\n" { message.removeLast() }
        let code = Int(plain.status.code)
        let reason = code == 404 ? "NotFound" : code == 403 ? "Forbidden" : code < 500 ? "BadRequest" : "InternalError"
        let status = Status(status: "Failure", message: message, reason: reason, code: code)
        guard let body = try? JSONEncoder().encode(status) else { return plain }
        plain.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
        plain.body = ByteBuffer(bytes: body)
        return plain
    }
}
