package import PodCore
import Synchronization

/// The node's shortages as they were last found, for everything that acts upon them.
package final class NodePressureBoard: Sendable {
    private let state = Mutex(NodePressures())
    /// One element after each change; several changes may share one. One reader.
    package let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    package init() {
        (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package var current: NodePressures { state.withLock { $0 } }

    package func set(_ pressures: NodePressures) {
        let isNew = state.withLock { state in
            defer { state = pressures }
            return state != pressures
        }
        if isNew { changed.yield() }
    }
}
