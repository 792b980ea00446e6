import PodCore
import Synchronization

/// The streams of a command whose end is counted.
final class MeteredStreams: ContainerStreams {
    private let base: any ContainerStreams
    private let ended: @Sendable (_ failed: Bool) -> Void
    private let isCounted = Atomic(false)

    /// - Parameter ended: called once: when the exit code is known, or when the streams break or are given up, which is a failure.
    init(_ base: any ContainerStreams, ended: @escaping @Sendable (_ failed: Bool) -> Void) {
        self.base = base
        self.ended = ended
    }

    /// A command counts as failed when its streams go away before anybody has asked for its exit code.
    deinit { end(failed: true) }

    private func end(failed: Bool) {
        if !isCounted.exchange(true, ordering: .acquiringAndReleasing) { ended(failed) }
    }

    func read() async throws(RuntimeFailure) -> StreamOutput? {
        do throws(RuntimeFailure) {
            return try await base.read()
        } catch {
            end(failed: true)
            throw error
        }
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) { try await base.write(bytes) }

    func closeInput() async { await base.closeInput() }

    func resize(_ size: TerminalSize) async throws(RuntimeFailure) { try await base.resize(size) }

    func exitCode() async throws(RuntimeFailure) -> Int {
        do throws(RuntimeFailure) {
            let code = try await base.exitCode()
            end(failed: code != 0)
            return code
        } catch {
            end(failed: true)
            throw error
        }
    }

    func terminate() async {
        end(failed: true)
        await base.terminate()
    }
}
