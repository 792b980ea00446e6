import AsyncHTTPClient
import FoundationEssentials
import KubeModel
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import PodCore
import ServiceLifecycle
import TestSupport
import Testing
import X509

@testable import NodeServer

/// The HTTPS endpoint over real TLS.
@Suite(.timeLimit(.minutes(2))) struct NodeEndpointTests {
    @Test("a client certificate of the client CA is a user, any other is not") func certificates() async throws {
        try await RunningNode.run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer, groups: ["system:masters"])
            #expect(try await node.request("/healthz", as: known) == (200, "ok"))
            #expect(try await node.request("/containerLogs/default/web/app", as: known) == (200, "one\ntwo\n"))
            #expect(try await node.request("/healthz").status == 401)
            // Of another authority, over, or made for servers: as if there were none.
            let stranger = try TestAuthority("clients").client(RunningNode.apiServer)
            #expect(try await node.request("/healthz", as: stranger).status == 401)
            #expect(try await node.request("/healthz", as: try node.authority.client(RunningNode.apiServer, validFor: -60)).status == 401)
            #expect(try await node.request("/healthz", as: try node.authority.client(RunningNode.apiServer, usage: .serverAuth)).status == 401)
            #expect(try await node.request("/healthz", as: try node.authority.client("nobody")).status == 403)
        }
    }

    @Test("a bearer token is reviewed") func tokens() async throws {
        let reviewer = FakeReviewer(tokens: ["t": UserInfo(username: "bot", groups: [])], grants: ["bot get pods"])
        try await RunningNode.run(reviewer: reviewer) { node in
            #expect(try await node.request("/pods", token: "t").status == 200)
            #expect(try await node.request("/healthz", token: "t").status == 403)
            #expect(try await node.request("/pods", token: "wrong") == (401, "Unauthorized"))
            // A certificate that is not believed does not spoil a token.
            let stranger = try TestAuthority("clients").client("bot")
            #expect(try await node.request("/pods", as: stranger, token: "t").status == 200)
        }
    }

    @Test("the node page is for callers with a right to nodes/proxy") func nodePage() async throws {
        try await RunningNode.run(reviewer: FakeReviewer(grants: ["\(RunningNode.reader) get proxy", "stranger get pods"])) { node async throws in
            for path in ["/ui/", "/ui/data.json"] {
                #expect(try await node.request(path, as: try node.authority.client(RunningNode.reader)).status == 200)
                let refused = try await node.request(path, as: try node.authority.client("stranger"))
                #expect(refused == (403, "Forbidden (user=stranger, verb=get, resource=nodes, subresource(s)=[proxy])\n"))
                #expect(try await node.request(path).status == 401)
            }
        }
    }

    @Test("a request head of nearly 1 MiB is taken") func longHeadsAreTaken() async throws {
        try await RunningNode.run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            let long = String(repeating: "x", count: 200 << 10)
            #expect(try await node.request("/healthz", as: known, headers: ["X-Long": long]).status == 200)
        }
    }

    @Test("an exec on a connection that was HTTP already is refused, and the connection ends") func lateUpgrade() async throws {
        try await RunningNode.run { node async throws in
            let fields = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n"
            let text = try await node.exchange(
                [
                    "GET /healthz HTTP/1.1\r\nHost: n1\r\n\r\n",
                    "POST /exec/default/web/app?command=ls&output=1 HTTP/1.1\r\nHost: n1\r\n\(fields)\r\n",
                ], as: try node.authority.client(RunningNode.apiServer))
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.contains("HTTP/1.1 400 Bad Request\r\n"), "\(text)")
            #expect(text.hasSuffix("\r\n\r\nan upgrade has to be the first request of its connection, by HTTP/1.1 and without a body\n"), "\(text)")
            #expect(node.runtime.requests.isEmpty)
        }
    }

    @Test("a followed log ends with its client and with the server") func followEndsWithTheClientAndWithTheServer() async throws {
        try await RunningNode.run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            let http = HTTPClient(configuration: HTTPClient.Configuration(tlsConfiguration: try node.tls(known)))
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(node.port)/containerLogs/default/web/app?follow=true")
            do {
                let response = try await http.execute(request, timeout: .seconds(20))
                var iterator = response.body.makeAsyncIterator()
                #expect(try await iterator.next().map { String(buffer: $0) }?.hasPrefix("one\n") == true)
                #expect(node.runtime.logs.first?.session.isClosed == false)
            }
            try await http.shutdown()
            #expect(try await eventually { node.runtime.logs.first?.session.isClosed == true })

            let second = HTTPClient(configuration: HTTPClient.Configuration(tlsConfiguration: try node.tls(known)))
            let response = try await second.execute(request, timeout: .seconds(20))
            await node.stop()
            #expect(String(buffer: try await response.body.collect(upTo: 1000)) == "one\ntwo\n")
            #expect(node.runtime.logs.last?.session.isClosed == true)
            try await second.shutdown()
        }
    }

    @Test("a client that does not read its answer does not hold up the end of the server") func unreadAnswer() async throws {
        var times = StreamTimes()
        times.stop = .milliseconds(50)
        try await RunningNode.run(streamTimes: times) { node async throws in
            node.runtime.setLog(Array(repeating: String(repeating: "x", count: 1 << 20), count: 32))
            let http = HTTPClient(
                configuration: HTTPClient.Configuration(tlsConfiguration: try node.tls(try node.authority.client(RunningNode.apiServer))))
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(node.port)/containerLogs/default/web/app")
            let response = try await http.execute(request, timeout: .seconds(60))
            await node.stop()
            #expect(try await eventually(within: .seconds(30)) { node.runtime.logs.last?.session.isClosed == true })
            await #expect(throws: (any Error).self) { try await response.body.collect(upTo: 1 << 30) }
            try await http.shutdown()
        }
    }

    @Test("a certificate of a client CA that is replaced counts no longer, on open connections either") func replacedAuthority() async throws {
        try await RunningNode.run { node async throws in
            let http = HTTPClient(
                configuration: HTTPClient.Configuration(tlsConfiguration: try node.tls(try node.authority.client(RunningNode.apiServer))))
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(node.port)/healthz")
            var statuses: [UInt] = []
            for round in 1...2 {
                let response = try await http.execute(request, timeout: .seconds(20))
                _ = try await response.body.collect(upTo: 1000)
                statuses.append(response.status.code)
                if round == 1 {
                    try TemporaryFolder.write(try TestAuthority("others").pem, to: node.folder + "/ca.crt")
                    node.credentials.reloadIfChanged()
                }
            }
            #expect(statuses == [200, 401])
            try await http.shutdown()
        }
    }

    @Test("a query of the journal ends with its client and with the server") func journalEndsWithTheClientAndWithTheServer() async throws {
        let logs = FakeNodeLogs(units: ["sshd.service"], follows: true)
        try await RunningNode.run(
            reviewer: FakeReviewer(grants: ["\(RunningNode.reader) get log"]), systemLogs: SystemLogs(source: logs, answersQueries: true)
        ) { node async throws in
            let known = try node.authority.client(RunningNode.reader)
            #expect(try await node.request("/logs/", as: try node.authority.client(RunningNode.apiServer)).status == 403)
            for round in 1...2 {
                let http = HTTPClient(configuration: HTTPClient.Configuration(tlsConfiguration: try node.tls(known)))
                let request = HTTPClientRequest(url: "https://127.0.0.1:\(node.port)/logs/?query=sshd")
                do {
                    let response = try await http.execute(request, timeout: .seconds(20))
                    var iterator = response.body.makeAsyncIterator()
                    #expect(try await iterator.next().map { String(buffer: $0) } == "entry of sshd.service\n")
                    #expect(logs.sessions.count == round && logs.sessions.last?.isClosed == false)
                    if round == 2 {
                        await node.stop()
                        #expect(try await iterator.next() == nil)
                    }
                }
                try await http.shutdown()
                #expect(try await eventually { logs.sessions.last?.isClosed == true })
            }
        }
    }

    @Test("a command that is run ends with its client and with the server") func runEndsWithTheClientAndWithTheServer() async throws {
        try await RunningNode.run { node async throws in
            let known = try node.authority.client(RunningNode.apiServer)
            var request = HTTPClientRequest(url: "https://127.0.0.1:\(node.port)/run/default/web/app?cmd=hang")
            request.method = .POST
            for round in 1...2 {
                let http = HTTPClient(configuration: HTTPClient.Configuration(tlsConfiguration: try node.tls(known)))
                let call = Task { [request] in try await http.execute(request, timeout: .seconds(60)) }
                #expect(try await eventually { node.runtime.sessions.count == round })
                if round == 1 { call.cancel() } else { await node.stop() }
                #expect(try await eventually { node.runtime.sessions.last?.wasTerminated == true })
                if round == 2 { #expect(try await call.value.status.code == 500) }
                _ = await call.result
                try await http.shutdown()
            }
        }
    }

    @Test("a replaced certificate is served without a restart") func certificateIsLoadedAgain() async throws {
        try await withTemporaryFolder { folder in
            let authority = try TestAuthority("clients")
            let first = try authority.issue("n1", dnsNames: ["localhost"])
            try TemporaryFolder.write(first.pem, to: folder + "/crt")
            try TemporaryFolder.write(first.keyPEM, to: folder + "/key")
            let files = ServingFiles(certificate: folder + "/crt", key: folder + "/key", clientCA: nil)
            let logger = Logger.silent
            let credentials = try ServingCredentials(files: files, logger: logger)
            try TemporaryFolder.write("broken", to: folder + "/crt")
            credentials.reloadIfChanged()
            let second = try authority.issue("n1", dnsNames: ["localhost"])
            // The old key does not go with it: refused by name.
            try TemporaryFolder.write(second.pem, to: folder + "/crt")
            #expect(throws: NodeServerError.self) { try ServingCredentials(files: files, logger: logger) }
            try TemporaryFolder.write(second.keyPEM, to: folder + "/key")
            credentials.reloadIfChanged()
            #expect(throws: Never.self) { try ServingCredentials(files: files, logger: logger) }
            let missing = ServingFiles(certificate: folder + "/none", key: folder + "/key", clientCA: nil)
            #expect { try ServingCredentials(files: missing, logger: logger) } throws: { "\($0)".contains(folder + "/none") }
        }
    }

    @Test("a port in use is reported with the process that holds it") func portInUseNamesItsHolder() async throws {
        // The kernel's table of sockets is longer than the page that one read of it gives.
        var others: [any Channel] = []
        for _ in 0..<100 {
            others.append(try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get())
        }
        let holder = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(holder.localAddress?.port)
        let logger = Logger.silent
        let server = HealthServer(address: .tcp(host: "127.0.0.1", port: port), view: FakeView(), logger: logger)
        await #expect {
            try await server.run()
        } throws: { error in
            let text = "\(error)"
            return (error as? NodeServerError)?.code == .addressInUse && text.contains("127.0.0.1:\(port)") && text.contains("(pid ")
        }
        for channel in others + [holder] { try await channel.close() }
    }

    @Test("0.0.0.0 is every address of both families") func bothFamilies() async throws {
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = HealthServer(address: .tcp(host: "0.0.0.0", port: 0), view: FakeView(), logger: .silent) { listening.yield($0?.port ?? 0) }
        let group = ServiceGroup(services: [server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            // A machine without addresses of IPv6 has one family.
            for host in ["127.0.0.1"] + (ListenAddress.resolvesIPv6 ? ["[::1]"] : []) {
                let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: "http://\(host):\(port)/healthz"), timeout: .seconds(10))
                #expect(response.status == .ok, "\(host)")
                _ = try await response.body.collect(upTo: 1000)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("the health server serves /healthz only") func healthServerServesHealthOnly() async throws {
        let logger = Logger.silent
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = HealthServer(address: .tcp(host: "127.0.0.1", port: 0), view: FakeView(), logger: logger) { listening.yield($0?.port ?? 0) }
        let group = ServiceGroup(services: [server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            for (path, status) in [("/healthz", 200), ("/healthz/ping", 200), ("/pods", 404), ("/", 404)] {
                let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)"), timeout: .seconds(10))
                #expect(Int(response.status.code) == status)
                _ = try await response.body.collect(upTo: 1000)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
