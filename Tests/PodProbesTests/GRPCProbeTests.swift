import NIOHPACK
import PodCore
import TestSupport
import Testing

@testable import PodProbes

@Suite("gRPC probes", .timeLimit(.minutes(1)))
struct GRPCProbeTests {
    private static let ample = Duration.seconds(40)

    private func result(_ port: Int, service: String = "", timeout: Duration = ample) async -> ProbeResult {
        await NetworkProbes().check(.grpc(host: "127.0.0.1", port: port, service: service), timeout: timeout)
    }

    private func result(_ answer: HealthPeer.Answer) async throws -> ProbeResult {
        try await HealthPeer.with(answer) { peer in await result(peer.port) }
    }

    @Test(
        "the reported status decides",
        arguments: [
            (UInt8(1), ProbeResult.success(warning: nil)), (0, .failure(message: #"service unhealthy (responded with "UNKNOWN")"#)),
            (2, .failure(message: #"service unhealthy (responded with "NOT_SERVING")"#)),
            (3, .failure(message: #"service unhealthy (responded with "SERVICE_UNKNOWN")"#)),
            (9, .failure(message: #"service unhealthy (responded with "9")"#)),
        ])
    func statuses(number: UInt8, expected: ProbeResult) async throws {
        #expect(try await result(.status(number)) == expected)
    }

    @Test("the call names the service and who asks")
    func call() async throws {
        try await HealthPeer.with(.status(1)) { peer in
            _ = await result(peer.port, service: "db")
            let call = try #require(peer.calls.entries.first)
            #expect(call.message == [0, 0, 0, 0, 4, 0x0a, 2] + Array("db".utf8))
            #expect(call.headers[":path"] == "/grpc.health.v1.Health/Check" && call.headers[":authority"] == "127.0.0.1:\(peer.port)")
            #expect(call.headers["user-agent"] == "kube-probe/1.36" && call.headers["te"] == "trailers")
        }
    }

    @Test(
        "a refused call is a failure with the server's words",
        arguments: [
            (12, "no%20such method", "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): no such method"),
            (5, "unknown service", "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"),
            (4, "late", "timeout: health rpc did not complete within 40s"),
            (99, "odd", "error: health rpc probe failed: rpc error: code = Code(99) desc = odd"),
        ])
    func refusals(code: Int, sent: String, expected: String) async throws {
        #expect(try await result(.failure(code, sent)) == .failure(message: expected))
    }

    @Test("an HTTP/2 server without gRPC is a failure")
    func withoutGRPC() async throws {
        let answer = HealthPeer.Answer(headers: [":status": "503", "content-type": "text/plain"])
        let reason = "unexpected HTTP status code received from server: 503; transport: received unexpected content-type \"text/plain\""
        #expect(try await result(answer) == .failure(message: "error: health rpc probe failed: rpc error: code = Unavailable desc = \(reason)"))
    }

    @Test("an answer that is not a status is a failure", arguments: [[UInt8](), [0, 0, 0, 0, 9, 8, 1], [1, 0, 0, 0, 2, 8, 1], [0, 0, 0, 0, 1, 8]])
    func brokenMessages(message: [UInt8]) async throws {
        let answer = HealthPeer.Answer(message: message, trailers: ["grpc-status": "0"])
        let reason = "found an answer that is not a grpc.health.v1.HealthCheckResponse"
        #expect(try await result(answer) == .failure(message: "error: health rpc probe failed: rpc error: code = Internal desc = \(reason)"))
    }

    @Test("a call that is not answered in time is a failure")
    func slow() async throws {
        try await HealthPeer.with(nil) { peer in
            #expect(
                await result(peer.port, timeout: .milliseconds(300)) == .failure(message: "timeout: health rpc did not complete within 300ms"))
        }
    }

    @Test("a peer that never speaks HTTP/2 is not connected")
    func silent() async throws {
        try await ScriptedPeer.with({ _ in [] }) { peer in
            let expected = "timeout: failed to connect service \"127.0.0.1:\(peer.port)\" within 300ms: context deadline exceeded"
            #expect(await result(peer.port, timeout: .milliseconds(300)) == .failure(message: expected))
        }
    }

    @Test("a port at which nothing listens is a failure at once")
    func refused() async throws {
        let port = try await Loopback.freePort()
        let reason = "dial tcp 127.0.0.1:\(port): connect: connection refused"
        #expect(await result(port) == .failure(message: "error: failed to connect service at \"127.0.0.1:\(port)\": \(reason)"))
    }
}
