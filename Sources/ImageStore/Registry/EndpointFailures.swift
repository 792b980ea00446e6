/// The answers of the servers of one registry, none of which gave the image.
struct EndpointFailures {
    private var failures: [(server: String, error: ImageStoreError)] = []

    /// Whether another server cannot help.
    func isFinal(_ error: ImageStoreError) -> Bool { [.cancelled, .store, .noRoom, .tooLarge, .unsupported].contains(error.code) }

    /// Takes the mirrors in their order, then the registry itself.
    mutating func add(_ error: ImageStoreError, of endpoint: RegistryEndpoint) { failures.append((endpoint.base, error)) }

    /// The registry's own error, with the answers of the mirrors behind it in one line.
    var combined: ImageStoreError {
        guard let own = failures.last?.error else { return ImageStoreError(.refused, "fetch image", "", "the registry has no server") }
        guard failures.count > 1 else { return own }
        let mirrors = failures.dropLast().map { "; mirror \($0.server): \(Self.answer($0.error))" }.joined()
        // A mirror that is away may have been the only server with the image.
        let isOutage = !own.code.isOutage && failures.contains { $0.error.code.isOutage }
        let code = isOutage ? ImageStoreError.Code.unreachable : own.code
        return ImageStoreError(code, own.operation, own.object, Self.line(own.detail + (own.cause.map { ": \($0)" } ?? "")) + mirrors)
    }

    private static func answer(_ error: ImageStoreError) -> String {
        line(error.operation == ImageStoreError.resolving ? error.detail : "\(error)")
    }

    private static func line(_ text: String) -> String { text.split(whereSeparator: \.isNewline).joined(separator: " ") }
}
