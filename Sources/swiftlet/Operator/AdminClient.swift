import AsyncHTTPClient
import FoundationEssentials
import KubeModel
import NIOCore
import NIOHTTP1
import NodeServer

/// A client of the agent's socket.
struct AdminClient: Sendable {
    private static let longestDocument = 256 << 20

    let path: String

    init(_ socket: AgentSocket) throws {
        try socket.check()
        path = socket.path
    }

    /// Returns a JSON document.
    func get<Value: Decodable>(_ what: AdminPath, as type: Value.Type = Value.self) async throws -> Value {
        try await document(request(what, [], timeout: .seconds(30)))
    }

    /// Asks for a piece of work, and returns its result once it is done.
    func post<Value: Decodable>(_ what: AdminPath, _ work: some Encodable, as type: Value.Type = Value.self) async throws -> Value {
        try await document(request(what, [], body: JSONEncoder().encode(work), timeout: nil))
    }

    private func document<Value: Decodable>(_ response: HTTPClientResponse) async throws -> Value {
        let body = try await response.body.collect(upTo: Self.longestDocument)
        do {
            return try JSONDecoder().decode(Value.self, from: Data(body.readableBytesView))
        } catch {
            throw CommandFailure("the agent's answer cannot be read (another version of swiftlet?): \(error)")
        }
    }

    /// Copies a text of any length to the output as it arrives.
    func stream(_ what: AdminPath, _ query: [RequestTarget.QueryItem], to output: StandardStream) async throws {
        let response = try await request(what, query, timeout: nil)
        for try await chunk in response.body { try await output.write(Array(chunk.readableBytesView)) }
    }

    /// Returns a text as a whole.
    func text(_ what: AdminPath) async throws -> String {
        String(buffer: try await request(what, [], timeout: .seconds(30)).body.collect(upTo: Self.longestDocument))
    }

    private func request(_ what: AdminPath, _ query: [RequestTarget.QueryItem], body: Data? = nil, timeout: TimeAmount?) async throws
        -> HTTPClientResponse
    {
        let target = RequestTarget(segments: what.segments, query: query)
        var request = HTTPClientRequest(url: "http+unix://\(PercentCoding.encode(path))\(target.uri)")
        if let body {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response: HTTPClientResponse
        do {
            response = try await HTTPClient.shared.execute(request, deadline: timeout.map { .now() + $0 } ?? .distantFuture)
        } catch {
            throw CommandFailure("the agent at \(path) did not answer: \(error)")
        }
        guard response.status == .ok else {
            var text = String(buffer: try await response.body.collect(upTo: 1 << 20))
            while text.last == "\n" { text.removeLast() }
            throw CommandFailure(text.isEmpty ? "the agent answered with \(response.status)" : text)
        }
        return response
    }
}
