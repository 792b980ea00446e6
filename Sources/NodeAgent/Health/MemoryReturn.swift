package import Timing

/// Gives memory back to the kernel that coming and going pods, or clients, or the making of all Services' rules have left free.
///
/// The start of a pod reads the pod several times, and its end frees all of it; a client's connection holds buffers of its own. The allocator keeps such
/// memory for later, which a node that stays as it is does not need. It is done some time after the first has come or gone, so that those that do so all
/// the time do not cost it again and again.
package struct MemoryReturn: Sendable {
    private static let quiet = Duration.seconds(30)

    private let turnover: AsyncStream<Void>
    private let time: any TimeSource
    private let giveBack: @Sendable () -> Void

    /// - Parameters:
    ///   - turnover: one element after pods or clients have come or gone, or rules were made; several may share one.
    ///   - giveBack: takes some milliseconds at most.
    package init(turnover: AsyncStream<Void>, time: any TimeSource, giveBack: @escaping @Sendable () -> Void) {
        self.turnover = turnover
        self.time = time
        self.giveBack = giveBack
    }

    /// Runs until it is cancelled.
    package func run() async {
        for await _ in turnover {
            do { try await time.sleep(for: Self.quiet) } catch { return }
            giveBack()
        }
    }
}
