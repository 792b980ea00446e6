import PodCore

/// The streams of a command whose end is counted.
struct MeteredStreams: ContainerStreams {
    private let base: any ContainerStreams
    private let ended: @Sendable (_ failed: Bool) -> Void

    /// - Parameter ended: called with each answer to `exitCode`, which is asked for once. It fails when the command's time is over.
    init(_ base: any ContainerStreams, ended: @escaping @Sendable (_ failed: Bool) -> Void) {
        self.base = base
        self.ended = ended
    }

    func read() async throws(RuntimeFailure) -> StreamOutput? { try await base.read() }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) { try await base.write(bytes) }

    func closeInput() async { await base.closeInput() }

    func resize(_ size: TerminalSize) async throws(RuntimeFailure) { try await base.resize(size) }

    func exitCode() async throws(RuntimeFailure) -> Int {
        do throws(RuntimeFailure) {
            let code = try await base.exitCode()
            ended(code != 0)
            return code
        } catch {
            ended(true)
            throw error
        }
    }

    func terminate() async { await base.terminate() }
}
