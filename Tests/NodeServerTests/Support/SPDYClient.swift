import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import SPDY
import TestSupport

@testable import NodeServer

/// A client that speaks SPDY/3.1 with the node frame by frame, as bytes of the connection or in a WebSocket's messages.
final class SPDYClient {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let isTunnelled: Bool
    private let decoder = SPDYFrameDecoder()
    private let encoder = SPDYFrameEncoder()
    private var received = ByteBuffer()
    private var messages = ServerFrameReader()
    private var nextID: UInt32 = 1
    private(set) var head = ""

    private init(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, isTunnelled: Bool
    ) {
        self.inbound = inbound
        self.outbound = outbound
        self.isTunnelled = isTunnelled
    }

    /// Asks for the upgrade and runs `body` on the connection, whatever the answer is: ``head`` has it.
    static func run(
        _ node: RunningNode, _ target: RequestTarget, versions: String = "v4.channel.k8s.io", method: String = "POST", isTunnelled: Bool = false,
        as user: String? = RunningNode.apiServer, _ body: (SPDYClient) async throws -> Void
    ) async throws {
        let context = try NIOSSLContext(configuration: node.tls(user.map { try node.authority.client($0) }))
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: node.port) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                return try Connection(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)))
            }
        }
        do {
            try await connection.executeThenClose { inbound, outbound in
                let client = SPDYClient(inbound.makeAsyncIterator(), outbound, isTunnelled: isTunnelled)
                try await client.shakeHands(target, versions, method)
                try await body(client)
            }
        } catch let error as NIOSSLError {
            // The server need not say goodbye.
            guard case .uncleanShutdown = error else { throw error }
        }
    }

    private func shakeHands(_ target: RequestTarget, _ versions: String, _ method: String) async throws {
        var request = "\(isTunnelled ? "GET" : method) \(target.uri) HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        if isTunnelled {
            request += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            request += "Sec-WebSocket-Protocol: SPDY/3.1+\(versions)\r\n\r\n"
        } else {
            request += "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: \(versions)\r\nContent-Length: 0\r\n\r\n"
        }
        try await outbound.write(ByteBuffer(string: request))
        var bytes = ByteBuffer()
        while true {
            let text = String(buffer: bytes)
            if let end = text.firstRange(of: "\r\n\r\n") {
                head = String(text[..<end.upperBound])
                bytes.moveReaderIndex(forwardBy: head.utf8.count)
                break
            }
            guard let more = try await inbound.next() else { return }
            bytes.writeImmutableBuffer(more)
        }
        if isTunnelled { messages.add(bytes) } else { received = bytes }
    }

    var wasUpgraded: Bool { head.hasPrefix("HTTP/1.1 101 ") }

    func send(_ frame: SPDYFrame) async throws {
        var bytes = ByteBuffer()
        try encoder.encode(frame, into: &bytes)
        try await send(bytes)
    }

    /// Bytes as they are, in a message of their own when they are tunnelled.
    func send(_ bytes: ByteBuffer) async throws {
        guard isTunnelled else { return try await outbound.write(bytes) }
        // In two messages, since their borders mean nothing; masked with zeros.
        var out = ByteBuffer()
        var rest = bytes
        while let part = rest.readSlice(length: max(1, rest.readableBytes / 2)), part.readableBytes > 0 {
            out.writeBytes([0x82, 0x80 | 127])
            out.writeInteger(UInt64(part.readableBytes))
            out.writeBytes([0, 0, 0, 0])
            out.writeImmutableBuffer(part)
            if rest.readableBytes == 0 { break }
        }
        try await outbound.write(out)
    }

    func sendRaw(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Opens a stream without waiting for the reply.
    func open(_ headers: [String: String], isLast: Bool = false) async throws -> UInt32 {
        defer { nextID += 2 }
        try await send(.synStream(id: nextID, headers: headers, isLast: isLast))
        return nextID
    }

    /// Opens the two streams of a forwarded connection.
    func forward(_ port: Int, request: Int = 0) async throws -> (data: UInt32, error: UInt32) {
        let headers = ["port": "\(port)", "requestid": "\(request)"]
        let error = try await open(headers.merging(["streamtype": "error"]) { $1 }, isLast: true)
        return (try await open(headers.merging(["streamtype": "data"]) { $1 }), error)
    }

    /// The next frame; `nil` at the end of the connection.
    func next() async throws -> SPDYFrame? {
        while true {
            if let frame = try decoder.next(&received) { return frame }
            if isTunnelled {
                if let message = try messages.next() {
                    if message.opcode == .connectionClose { return nil }
                    received.writeImmutableBuffer(message.data)
                    received.discardReadBytes()
                    continue
                }
            }
            guard let more = try await inbound.next() else { return nil }
            if isTunnelled {
                messages.add(more)
            } else {
                received.writeImmutableBuffer(more)
                received.discardReadBytes()
            }
        }
    }

    struct Collected {
        var bytes: [UInt32: [UInt8]] = [:]
        var ended: Set<UInt32> = []
        var resets: [UInt32: SPDYResetStatus] = [:]
        var replies: Set<UInt32> = []
        var pings: [UInt32] = []
        var isOver = false

        func text(_ id: UInt32) -> String { String(decoding: bytes[id] ?? [], as: UTF8.self) }
        func isDone(_ id: UInt32) -> Bool { ended.contains(id) || resets[id] != nil }
    }

    private var collected = Collected()

    /// Reads until the condition holds, or the connection has ended; returns everything that came since the beginning.
    func read(until isMet: (Collected) -> Bool) async throws -> Collected {
        while !isMet(collected) {
            switch try await next() {
            case .data(let id, let bytes, let isLast)?:
                collected.bytes[id, default: []] += bytes
                if isLast { collected.ended.insert(id) }
            case .reset(let id, let status)?: collected.resets[id] = status
            case .synReply(let id, _, _)?: collected.replies.insert(id)
            case .ping(let id)?: collected.pings.append(id)
            case .goAway?, nil:
                collected.isOver = true
                return collected
            default: continue
            }
        }
        return collected
    }

    func forget(_ ids: UInt32...) { for id in ids { collected.bytes[id] = nil } }
}
