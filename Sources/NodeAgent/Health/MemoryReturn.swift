package import Timing

/// Gives the memory of pods that have gone back to the kernel.
///
/// The allocator keeps freed memory for later, which a node that had many pods and has few does not need. It is done some time after the last pod has
/// gone, so that pods that come and go all the time do not cost it again and again.
package struct MemoryReturn: Sendable {
    private static let quiet = Duration.seconds(30)

    private let departures: AsyncStream<Void>
    private let time: any TimeSource
    private let giveBack: @Sendable () -> Void

    /// - Parameters:
    ///   - departures: one element after pods have gone; several may share one.
    ///   - giveBack: takes some milliseconds at most.
    package init(departures: AsyncStream<Void>, time: any TimeSource, giveBack: @escaping @Sendable () -> Void) {
        self.departures = departures
        self.time = time
        self.giveBack = giveBack
    }

    /// Runs until it is cancelled.
    package func run() async {
        for await _ in departures {
            do { try await time.sleep(for: Self.quiet) } catch { return }
            giveBack()
        }
    }
}
