package import NIOCore
package import NIOHTTP1
package import NIOSSL

/// The head of a request that asks for another protocol (`Connection: Upgrade`), before anything was answered.
package struct UpgradeRequest: Sendable {
    /// Request line and headers as received: names keep their case, the order is the client's.
    package let head: HTTPRequestHead
    /// The tokens of the `Upgrade` header in the client's order of preference, for example `websocket` or `SPDY/3.1`.
    package let protocols: [String]
    /// The certificate that the client proved to own; nil without TLS or when it sent none. Whether it is trusted
    /// was decided by the TLS configuration before this request was read.
    package let peerCertificate: NIOSSLCertificate?
    /// The connection, for its addresses. Reading from or writing to it is the business of a ``UpgradeTakeover``.
    package let channel: any Channel

    package init(head: HTTPRequestHead, protocols: [String], peerCertificate: NIOSSLCertificate?, channel: any Channel) {
        self.head = head
        self.protocols = protocols
        self.peerCertificate = peerCertificate
        self.channel = channel
    }

    /// Whether the client named this protocol; tokens compare without case (RFC 9110 section 7.8).
    package func asks(for token: String) -> Bool {
        protocols.contains { $0.lowercased() == token.lowercased() }
    }
}
