import NIOCore
import NIOHPACK
import NIOHTTP2
import PodCore

/// A call of gRPC's health service (grpc.health.v1) without TLS.
struct GRPCProbe {
    let host: String
    let port: Int
    let service: String
    let timeout: Duration

    func check(deadline: NIODeadline) async -> ProbeResult {
        let address = GoText.quoted(HTTPCheck.authority(host: host, port: port))
        let isConnected = Milestone()
        do {
            let status = try await ask(deadline, isConnected)
            if status == "SERVING" { return .success(warning: nil) }
            return .failure(message: "service unhealthy (responded with \(GoText.quoted(status)))")
        } catch let failure as DialFailure {
            return .failure(message: "error: failed to connect service at \(address): \(failure.text(host: host, port: port))")
        } catch is ProbeTimeout where !isConnected.isReached {
            return .failure(
                message: "timeout: failed to connect service \(address) within \(GoText.duration(timeout)): context deadline exceeded")
        } catch let status as GRPCStatus where !isConnected.isReached {
            return .failure(message: "error: failed to connect service at \(address): \(status.message)")
        } catch let status as GRPCStatus {
            return .failure(message: message(status))
        } catch is ProbeTimeout {
            return .failure(message: message(GRPCStatus(GRPCStatus.deadlineExceeded, "context deadline exceeded")))
        } catch {
            return .unknown(message: "\(error)")
        }
    }

    private func ask(_ deadline: NIODeadline, _ isConnected: Milestone) async throws -> String {
        try await ProbeConnection(host: host, port: port, deadline: deadline).run { channel, answer in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOHTTP2Handler(mode: .client))
            try pipeline.addHandler(
                HealthExchange(
                    [
                        ":method": "POST", ":scheme": "http", ":path": "/grpc.health.v1.Health/Check",
                        ":authority": HTTPCheck.authority(host: host, port: port), "content-type": "application/grpc",
                        "user-agent": ProbePlan.UserAgent.probe.rawValue, "te": "trailers",
                        "grpc-timeout": "\(max(Int(timeout / .milliseconds(1)), 1))m",
                    ], request: HealthMessage.request(service: service), answer: answer, isConnected: isConnected))
        }
    }

    private func message(_ status: GRPCStatus) -> String {
        switch status.code {
        case GRPCStatus.unimplemented:
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): \(status.message)"
        case GRPCStatus.deadlineExceeded: "timeout: health rpc did not complete within \(GoText.duration(timeout))"
        default: "error: health rpc probe failed: \(status.description)"
        }
    }
}
