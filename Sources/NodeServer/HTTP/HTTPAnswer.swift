import Exposition
import FoundationEssentials
package import HTTPTypes
package import NIOCore
package import PodCore

/// The answer of a route: a status and a body, not yet written.
package struct HTTPAnswer: Sendable {
    package enum Body: Sendable {
        case bytes(ByteBuffer)
        /// A log, sent in chunks as it is read; `follows` means that it ends only with the container or the client.
        case log(any LogSession, follows: Bool)
    }

    package var status: HTTPResponse.Status
    package var contentType: String
    package var headers: HTTPFields = [:]
    package var body: Body

    package init(status: HTTPResponse.Status, contentType: String, body: Body) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package static func text(_ status: HTTPResponse.Status, _ text: String) -> HTTPAnswer {
        HTTPAnswer(status: status, contentType: "text/plain; charset=utf-8", body: .bytes(ByteBuffer(string: text)))
    }

    package static func json(_ value: some Encodable) throws -> HTTPAnswer {
        let data = try JSONEncoder().encode(value)
        return HTTPAnswer(status: .ok, contentType: "application/json", body: .bytes(ByteBuffer(bytes: data)))
    }

    package static func json(bytes: [UInt8]) -> HTTPAnswer {
        HTTPAnswer(status: .ok, contentType: "application/json", body: .bytes(ByteBuffer(bytes: bytes)))
    }

    /// - Parameter bytes: Prometheus' text.
    package static func metrics(_ bytes: [UInt8]) -> HTTPAnswer {
        HTTPAnswer(status: .ok, contentType: ExpositionWriter.contentType, body: .bytes(ByteBuffer(bytes: bytes)))
    }

    package static var notFound: HTTPAnswer { .text(.notFound, "404 page not found\n") }

    package static func methodNotAllowed(_ allowed: String) -> HTTPAnswer {
        var answer = text(.methodNotAllowed, "Method Not Allowed")
        answer.headers[.allow] = allowed
        return answer
    }
}

/// An answer that refuses the request.
package struct Refusal: Error, Sendable {
    package let answer: HTTPAnswer

    package init(_ status: HTTPResponse.Status, _ text: String) {
        answer = .text(status, text)
    }

    package init(_ answer: HTTPAnswer) { self.answer = answer }
}
