/// The client's end of one connection of a forward.
protocol ForwardSink: Sendable {
    /// Whether the client can end its side alone. If it cannot, the connection ends with the program's side.
    var clientEndsAlone: Bool { get }

    /// Sends what the program sent; waits while the client does not read.
    func send(_ bytes: [UInt8]) async throws

    /// The program has ended its side in order.
    func end() async throws

    /// The program has broken the connection off. The client gets no text: kubectl gives up the whole forward at the first text.
    func breakOff() async throws

    /// The connection could not be made.
    func fail(_ message: String) async throws

    /// Nothing follows, not even an error.
    func finish() async throws
}

/// The client has given a connection up.
struct ForwardClientGone: Error {}
