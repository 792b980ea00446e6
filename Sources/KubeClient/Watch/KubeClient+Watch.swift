import AsyncHTTPClient
import FoundationEssentials
import KubeModel
import NIOCore
import NIOFoundationEssentialsCompat
import NIOHTTP1
import Timing

extension KubeClient {
    /// Lists and skips unreadable objects, in pages if `pageSize` is set.
    func lenientList<Object: KubeObject>(
        _ scope: ObjectScope, start: ListStart, pageSize: Int?, onPage: (LenientList<Object>) -> Void
    ) async throws -> String {
        var next: String?
        var version: String?
        repeat {
            var query = scope.query
            if let pageSize { query.append(("limit", String(pageSize))) }
            if let next {
                query.append(("continue", next))
            } else if pageSize == nil, let wanted = start.resourceVersion {
                query.append(("resourceVersion", wanted))
                if case .notOlderThan = start { query.append(("resourceVersionMatch", "NotOlderThan")) }
            }
            let page: LenientList<Object> = try await exchange(
                APICall(
                    "GET", APIPath.path(Object.resource, namespace: scope.namespace), query: query, timeout: APICall.listTimeout, operation: "list",
                    object: Object.resource.plural, largestAnswer: 512 << 20, priority: .list))
            onPage(page)
            version = page.metadata.resourceVersion ?? version
            next = page.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
        } while next != nil
        guard let version, !version.isEmpty else {
            throw APIError(
                .badAnswer, operation: "list", object: Object.resource.plural, reason: "the list has no resourceVersion; a watch cannot start from it"
            )
        }
        return version
    }

    /// Watches from `version` on and hands over the lines that arrived together. Returns when the server ends the watch in good order.
    func watchLines<Object: KubeObject>(
        _ type: Object.Type, _ scope: ObjectScope, from version: String, seconds: Int, onLines: ([WatchLine<Object>]) throws -> Void
    ) async throws {
        let object = Object.resource.plural
        var query = scope.query
        query += [("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version), ("timeoutSeconds", String(seconds))]
        let call = APICall("GET", APIPath.path(Object.resource, namespace: scope.namespace), query: query, operation: "watch", object: object)
        let opening = Deadline(after: APICall.listTimeout, time: options.time)
        // Reflectors pace themselves with their back-off; only lists and other calls take from the rate limit.
        let loan = try await borrow(.watches, operation: "watch", object: object)
        let pooled = loan.client
        defer { pooled.giveBack() }
        do {
            let response = try await opening.run {
                APIError(.timeout, operation: "watch", object: object, reason: "\(transport.server.authority) did not begin to answer within 30 s")
            } _: {
                let response = try await execute(call, on: pooled.http, token: loan.credentials.token)
                transport.noteContact(at: options.time.now())
                let status = Int(response.status.code)
                guard (200..<300).contains(status) else {
                    // A refusal, too, may stop in its middle.
                    let body = Data(buffer: try await response.body.collect(upTo: 1 << 20))
                    if status == 401 { await transport.credentials.refused() }
                    throw failure(status: status, headers: response.headers, body: body, loan, operation: "watch", object: object)
                }
                return response
            }
            transport.ended(nil, as: loan, random: 0)
            var splitter = LineSplitter()
            let decoder = JSONDecoder()
            for try await chunk in response.body {
                transport.noteContact(at: options.time.now())
                splitter.append(chunk)
                var lines: [WatchLine<Object>] = []
                while let line = try splitter.next() { lines.append(WatchLine(Data(buffer: line), decoder: decoder)) }
                if !lines.isEmpty { try onLines(lines) }
            }
            guard splitter.pendingBytes == 0 else {
                throw APIError(.connectionLost, operation: "watch", object: object, reason: "the answer ended in the middle of an event")
            }
        } catch {
            throw translated(error, loan, operation: "watch", object: object)
        }
    }
}
