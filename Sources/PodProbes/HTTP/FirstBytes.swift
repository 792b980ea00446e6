import NIOCore

/// Keeps the first bytes of what a peer sent, to tell what it speaks.
final class FirstBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let limit = 128

    private(set) var bytes: [UInt8] = []

    var isPlainHTTP: Bool { bytes.starts(with: "HTTP/".utf8) }

    /// Without its end.
    var line: some Sequence<UInt8> { bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if bytes.count < Self.limit { bytes += unwrapInboundIn(data).readableBytesView.prefix(Self.limit - bytes.count) }
        context.fireChannelRead(data)
    }
}
