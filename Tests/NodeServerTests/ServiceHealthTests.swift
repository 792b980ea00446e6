import AsyncHTTPClient
import HTTPTypes
import KubeModel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NodeServer
import ServiceLifecycle
import TestSupport
import Testing
import Timing

@Suite struct ServiceHealthTests {
    private func text(_ answer: HTTPAnswer) -> String {
        if case .bytes(let bytes) = answer.body { String(buffer: bytes) } else { "" }
    }

    @Test("a Service's health check answers like kube-proxy's") func healthCheck() throws {
        func check(_ endpoints: Int) -> ServiceHealth {
            ServiceHealth(place: .init(address: "192.168.0.1", port: 32000), namespace: "default", service: "local", localEndpoints: endpoints)
        }
        let good = check(2).answer(isProxyHealthy: true)
        #expect(good.status == .ok && good.contentType == "application/json")
        #expect(good.headers[try #require(HTTPField.Name("X-Load-Balancing-Endpoint-Weight"))] == "2")
        #expect(
            text(good)
                == "{\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n\t\t\"name\": \"local\"\n\t},\n\t\"localEndpoints\": 2,\n\t\"serviceProxyHealthy\": true\n}"
        )
        #expect(text(good).utf8.count == 116, "the recorded answer's length")
        #expect(check(0).answer(isProxyHealthy: true).status == .serviceUnavailable)
        let sick = check(2).answer(isProxyHealthy: false)
        #expect(sick.status == .serviceUnavailable && text(sick).contains("\"serviceProxyHealthy\": false"))
    }

    @Test("a health check's port opens with its Service, follows its endpoints and closes with it") func portsComeAndGo() async throws {
        let probe = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(probe.localAddress?.port)
        try await probe.close()
        let (checks, announce) = AsyncStream<[ServiceHealth]>.makeStream()
        func check(_ endpoints: Int) -> ServiceHealth {
            ServiceHealth(place: .init(address: "127.0.0.1", port: port), namespace: "default", service: "local", localEndpoints: endpoints)
        }
        func status() async -> Int? {
            let answer = try? await HTTPClient.shared.execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)/any"), timeout: .seconds(10))
            _ = try? await answer?.body.collect(upTo: 1000)
            return answer.map { Int($0.status.code) }
        }
        let server = ServiceHealthServer(
            checks: checks, time: SystemTime(), logger: .silent, isProxyHealthy: { true }, failed: { _, _ in })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            announce.yield([check(1)])
            try await eventually("an open port") { await status() == 200 }
            announce.yield([check(0)])
            try await eventually("no endpoints") { await status() == 503 }
            announce.yield([])
            try await eventually("a closed port") { await status() == nil }
            announce.yield([check(2)])
            try await eventually("an open port again") { await status() == 200 }
            group.cancelAll()
            try? await group.waitForAll()
        }
    }

    @Test("the proxy's health server has /healthz and /livez only") func proxyHealthServer() async throws {
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = ProxyHealthServer(
            address: .tcp(host: "127.0.0.1", port: 0), time: SystemTime(), logger: .silent, onListening: { listening.yield($0?.port ?? 0) }
        ) { ProxyHealth(lastSync: Timestamp(seconds: 1), pendingSince: nil, isNodeEligible: false) }
        let group = ServiceGroup(services: [server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            for (path, status) in [("/healthz", 503), ("/livez", 200), ("/", 404)] {
                let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
                #expect(Int(response.status.code) == status)
                #expect(response.headers.first(name: "X-Content-Type-Options") == "nosniff")
                _ = try await response.body.collect(upTo: 1000)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private static let now = Timestamp(seconds: 1_000_000, nanoseconds: 5)

    private func health(lastSync: Int64? = 999_000, pendingSince: Int64? = nil, eligible: Bool = true) -> ProxyHealth {
        ProxyHealth(
            lastSync: lastSync.map { Timestamp(seconds: $0) }, pendingSince: pendingSince.map { Timestamp(seconds: $0) }, isNodeEligible: eligible)
    }

    @Test("the proxy's health has kube-proxy's fields in its order") func proxyHealth() {
        #expect(
            text(health().healthz(at: Self.now))
                == "{\"lastUpdated\":\"1970-01-12T13:46:40.000000005Z\",\"currentTime\":\"1970-01-12T13:46:40.000000005Z\",\"nodeEligible\":true,\"healthy\":true,\"status\":{\"IPv4\":{\"lastUpdated\":\"1970-01-12T13:30:00.000000000Z\",\"healthy\":true},\"IPv6\":{\"lastUpdated\":\"1970-01-12T13:30:00.000000000Z\",\"healthy\":true}}}"
        )
        #expect(!text(health().livez(at: Self.now)).contains("nodeEligible"))
        #expect(text(health(lastSync: nil).healthz(at: Self.now)).hasSuffix("\"healthy\":true,\"status\":{}}"))
    }

    @Test("rules that are late for a minute make the proxy unhealthy, a node that leaves makes it ineligible only") func states() {
        let table: [(ProxyHealth, healthz: HTTPResponse.Status, livez: HTTPResponse.Status)] = [
            (health(), .ok, .ok), (health(pendingSince: 999_941), .ok, .ok),
            (health(pendingSince: 999_940), .serviceUnavailable, .serviceUnavailable),
            (health(eligible: false), .serviceUnavailable, .ok), (health(lastSync: nil, pendingSince: 900_000), .ok, .ok),
        ]
        for (health, healthz, livez) in table {
            #expect(health.healthz(at: Self.now).status == healthz && health.livez(at: Self.now).status == livez, "\(health)")
        }
    }
}
