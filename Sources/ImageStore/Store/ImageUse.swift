import Synchronization
import Timing

/// The moments at which images were last given to a caller, who may be about to start a container from them.
final class ImageUse: Sendable {
    private struct State {
        var moments: [String: Duration] = [:]
        /// Images that are being removed: they are not given out any more.
        var leaving: Set<String> = []
    }

    private let time: any TimeSource
    /// Every image counts as given out when the store was opened.
    private let opened: Duration
    private let state = Mutex(State())

    init(time: any TimeSource) {
        self.time = time
        opened = time.now()
    }

    /// Returns false for an image that is being removed.
    func handOut(_ id: String) -> Bool {
        let now = time.now()
        return state.withLock { state in
            guard !state.leaving.contains(id) else { return false }
            state.moments[id] = now
            return true
        }
    }

    /// An image has entered the store.
    func arrive(_ id: String) {
        let now = time.now()
        state.withLock { state in
            state.leaving.remove(id)
            state.moments[id] = now
        }
    }

    /// Begins a removal. Returns false for an image that was given out within `age`.
    func leave(_ id: String, unusedFor age: Duration) -> Bool {
        let now = time.now()
        return state.withLock { state in
            guard now - (state.moments[id] ?? opened) >= age else { return false }
            state.leaving.insert(id)
            return true
        }
    }

    /// Ends a removal that has failed.
    func stay(_ id: String) {
        _ = state.withLock { $0.leaving.remove(id) }
    }

    /// The time since the image was last given out.
    func idle(_ id: String) -> Duration { time.now() - (state.withLock { $0.moments[id] } ?? opened) }
}
