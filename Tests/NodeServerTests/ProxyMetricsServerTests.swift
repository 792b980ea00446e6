import AsyncHTTPClient
import Exposition
import KubeModel
import Logging
import MetricsStore
import NIOCore
import NIOHTTP1
import NodeServer
import ServiceLifecycle
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ProxyMetricsServerTests {
    private func get(_ port: Int, _ path: String) async throws -> (status: Int, type: String, text: String) {
        let answer = try await HTTPClient.shared.execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
        let text = String(buffer: try await answer.body.collect(upTo: 1 << 20))
        return (Int(answer.status.code), answer.headers.first(name: "Content-Type") ?? "", text)
    }

    private func serving(_ server: some ServiceLifecycle.Service, _ ports: AsyncStream<Int>, _ body: (Int) async throws -> Void) async throws {
        let group = ServiceGroup(services: [server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            try await body(await iterator.next() ?? 0)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("metrics, mode and health are answered; everything else is not found")
    func paths() async throws {
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = ProxyMetricsServer(
            address: .tcp(host: "127.0.0.1", port: 0), time: ManualTime(), logger: .silent, onListening: { listening.yield($0?.port ?? 0) }
        ) { Array("a_total 1\n".utf8) }
        try await serving(server, ports) { port async throws in
            #expect(try await get(port, "/metrics") == (200, ExpositionWriter.contentType, "a_total 1\n"))
            #expect(try await get(port, "/proxyMode").text == "nftables")
            #expect(try await get(port, "/healthz").text == "ok")
            #expect(try await get(port, "/configz").status == 404)
        }
    }

    @Test("answers of the proxy's health are counted by their status")
    func healthIsCounted() async throws {
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let metrics = MetricsRegistry(Catalogue.proxy)
        let server = ProxyHealthServer(
            address: .tcp(host: "127.0.0.1", port: 0), metrics: metrics, time: ManualTime(), logger: .silent,
            onListening: { listening.yield($0?.port ?? 0) }
        ) { ProxyHealth(lastSync: nil, pendingSince: nil, isNodeEligible: false) }
        try await serving(server, ports) { port async throws in
            _ = try await get(port, "/healthz")
            _ = try await get(port, "/livez")
            _ = try await get(port, "/livez")
        }
        var writer = ExpositionWriter()
        metrics.write(into: &writer)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.contains("kubeproxy_proxy_healthz_total{code=\"503\"} 1\n"))
        #expect(text.contains("kubeproxy_proxy_livez_total{code=\"200\"} 2\n"))
    }
}
