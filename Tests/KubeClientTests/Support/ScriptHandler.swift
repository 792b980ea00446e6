import KubeModel
import NIOCore
import NIOHTTP1
import TestSupport

/// Collects a request, asks the script, writes its steps.
final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: ScriptedServer.Script
    private let record: RequestRecord
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(script: @escaping ScriptedServer.Script, record: RequestRecord) {
        self.script = script
        self.record = record
    }

    func channelActive(context: ChannelHandlerContext) {
        record.opened(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let request = Self.request(head, body)
            record.add(request)
            Self.start(script, request, context.channel)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func start(_ script: @escaping ScriptedServer.Script, _ request: ScriptedServer.Request, _ channel: any Channel) {
        _ = channel.eventLoop.makeFutureWithTask { await answer(await script(request), on: channel) }
    }

    private static func answer(_ steps: [ScriptedServer.Step], on channel: any Channel) async {
        for step in steps {
            do {
                switch step {
                case .head(let status, let headers):
                    try await channel.writeAndFlush(
                        HTTPServerResponsePart.head(.init(version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(headers))))
                case .chunk(let text): try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))))
                case .end: try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
                case .cut:
                    try await channel.close(mode: .all)
                    return
                case .hang: return
                case .wait(let gate): await gate.pass()
                }
            } catch {
                return
            }
        }
    }

    private static func request(_ head: HTTPRequestHead, _ body: ByteBuffer) -> ScriptedServer.Request {
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        var query: [String: String] = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            query[String(sides[0])] = sides.count > 1 ? PercentCoding.decodeLeniently(sides[1]) : ""
        }
        return .init(method: head.method.rawValue, path: String(parts[0]), query: query, headers: head.headers, body: String(buffer: body))
    }
}

extension ScriptedServer.Step {
    static func json(_ status: Int, _ body: String, _ headers: [(String, String)] = []) -> [ScriptedServer.Step] {
        [.head(status, [("Content-Type", "application/json"), ("Content-Length", String(body.utf8.count))] + headers), .chunk(body), .end]
    }

    static func failure(_ code: Int, _ reason: String, _ message: String, _ headers: [(String, String)] = []) -> [ScriptedServer.Step] {
        json(code, #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"\#(reason)","message":"\#(message)","code":\#(code)}"#, headers)
    }
}
