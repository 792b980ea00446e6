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
        let response = try await request(what, [], timeout: .seconds(30))
        let body = try await response.body.collect(upTo: Self.longestDocument)
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch {
            throw CommandFailure("the agent's answer cannot be read (another version of swiftlet?): \(error)")
        }
    }

    /// Copies a text of any length to the output as it arrives.
    func stream(_ what: AdminPath, _ query: [RequestTarget.QueryItem], to output: StandardStream) async throws {
        let response = try await request(what, query, timeout: nil)
        for try await chunk in response.body { try await output.write(Array(chunk.readableBytesView)) }
    }

    private func request(_ what: AdminPath, _ query: [RequestTarget.QueryItem], timeout: TimeAmount?) async throws -> HTTPClientResponse {
        let target = RequestTarget(segments: what.segments, query: query)
        let request = HTTPClientRequest(url: "http+unix://\(PercentCoding.encode(path))\(target.uri)")
        let response: HTTPClientResponse
        do {
            response = try await HTTPClient.shared.execute(request, deadline: timeout.map { .now() + $0 } ?? .distantFuture)
        } catch {
            throw CommandFailure("the agent at \(path) did not answer: \(error)")
        }
        guard response.status == .ok else {
            let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
            throw CommandFailure(text.isEmpty ? "the agent answered with \(response.status)" : text)
        }
        return response
    }
}
