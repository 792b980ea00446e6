import KubeModel
import NIOCore
package import SPDY

/// The SPDY streams of one exec or attach: which there must be, which there are, and what their frames mean.
package struct CommandStreams: Sendable {
    package struct Output: Sendable, Hashable {
        /// To be sent at once.
        package var replies: [SPDYFrame] = []
        package var messages: [ClientMessage] = []
        /// The client gives everything up.
        package var isOver = false
    }

    private enum Kind: String {
        case error, stdin, stdout, stderr, resize
    }

    /// Streams of one client; those that it needs are five.
    private static let mostStreams = 16
    /// Bytes of one size of a terminal.
    private static let longestSize = 1024

    private var session = SPDYSession(mostStreams: Self.mostStreams)
    private let wanted: Set<Kind>
    private var ids: [Kind: UInt32] = [:]
    private var size: [UInt8] = []

    package init(_ options: StreamOptions, _ version: CommandProtocol) {
        var wanted: Set<Kind> = [.error]
        if options.stdin { wanted.insert(.stdin) }
        if options.stdout { wanted.insert(.stdout) }
        if options.stderr { wanted.insert(.stderr) }
        if options.terminal, version.hasResize { wanted.insert(.resize) }
        self.wanted = wanted
    }

    /// Every stream that the request asked for was opened.
    package var isComplete: Bool { ids.count == wanted.count }

    package mutating func receive(_ frame: SPDYFrame) throws(SPDYViolation) -> Output {
        var output = Output()
        switch session.receive(frame) {
        case .nothing: break
        case .reply(let reply): output.replies = [reply]
        case .opened(let id, let headers, let isLast): open(id, headers, isLast: isLast, &output)
        case .data(let id, let bytes, let isLast): try take(bytes, of: id, isLast: isLast, &output)
        case .reset(let id):
            if id == ids[.stdin] { output.messages = [.endOfStdin] }
            output.isOver = id == ids[.error]
        case .goAway: output.isOver = true
        }
        return output
    }

    /// Returns the frame for the program's output on a channel of ``StreamChannel``; `nil` when the client does not want it any more.
    package func output(_ bytes: [UInt8], on channel: UInt8) -> SPDYFrame? {
        let kind: Kind = channel == StreamChannel.stdout ? .stdout : channel == StreamChannel.stderr ? .stderr : .error
        guard let id = ids[kind], session.canSend(id) else { return nil }
        return .data(id: id, bytes: bytes, isLast: false)
    }

    /// Returns the ends of all streams that this side writes, the error stream's last.
    package mutating func ends() -> [SPDYFrame] {
        var frames: [SPDYFrame] = []
        for kind in [Kind.stdout, .stderr, .error] {
            if let id = ids[kind], session.endOutput(id) { frames.append(.data(id: id, bytes: [], isLast: true)) }
        }
        return frames
    }

    /// A stream of another kind, or a second one, is of no use: it is reset.
    private mutating func open(_ id: UInt32, _ headers: [String: String], isLast: Bool, _ output: inout Output) {
        guard let kind = headers["streamtype"].flatMap(Kind.init(rawValue:)), wanted.contains(kind), ids[kind] == nil else {
            if session.end(id) { output.replies.append(.reset(id: id, status: .cancel)) }
            return
        }
        ids[kind] = id
        output.replies.append(session.accept(id))
        if isLast, kind == .stdin { output.messages.append(.endOfStdin) }
    }

    private mutating func take(_ bytes: [UInt8], of id: UInt32, isLast: Bool, _ output: inout Output) throws(SPDYViolation) {
        if id == ids[.stdin] {
            if !bytes.isEmpty { output.messages.append(.stdin(ByteBuffer(bytes: bytes))) }
            if isLast { output.messages.append(.endOfStdin) }
        } else if id == ids[.resize] {
            // Objects that contain no other, one after another, cut anywhere.
            for byte in bytes {
                guard size.count < Self.longestSize else { throw SPDYViolation("a terminal's size of more than \(Self.longestSize) bytes") }
                size.append(byte)
                guard byte == UInt8(ascii: "}") else { continue }
                output.messages.append(TerminalSizeMessage.decode(size))
                size = []
            }
        }
    }
}
