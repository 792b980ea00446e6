import Timing

/// A pod's volumes: each is mounted once, and tried again after growing pauses.
struct VolumeMounts: Sendable {
    /// The longest pause while an object in the API is not as it has to be. A node may only get claims, not watch them.
    static let waitingPause = Duration.seconds(5)

    /// The latest event about a volume.
    private struct Told: Sendable {
        let message: String
        /// The same message is recorded again from this time on.
        let again: Duration
    }

    enum State: Sendable, Hashable {
        /// The first state. Leads to `mounting`.
        case wanted
        /// The result of the mount is missing. Leads to `mounted` or `failed`.
        case mounting(BackOff)
        /// The last state.
        case mounted(path: String)
        /// Leads to `mounting` when `retryAt` has come.
        case failed(retryAt: Duration, BackOff)
    }

    enum Event: Sendable {
        case mounted(path: String)
        case failed(VolumeFailure)
    }

    private(set) var states: [String: State]
    private var told: [String: Told] = [:]

    init(names: [String]) {
        states = Dictionary(names.map { ($0, .wanted) }) { $1 }
    }

    var areMounted: Bool { paths.count == states.count }

    var isMounting: Bool {
        states.values.contains { if case .mounting = $0 { true } else { false } }
    }

    /// Roots on the node of the volumes that are mounted, by name.
    var paths: [String: String] {
        states.compactMapValues { if case .mounted(let path) = $0 { path } else { nil } }
    }

    mutating func receive(_ event: Event, of name: String, at now: Duration, into decision: inout Decision) {
        guard case .mounting(var backOff) = states[name] else { return }
        switch event {
        case .mounted(let path): states[name] = .mounted(path: path)
        case .failed(let failure):
            let pause = backOff.next()
            let isWaiting = failure.code == .waiting
            states[name] = .failed(retryAt: now + (isWaiting ? min(pause, Self.waitingPause) : pause), backOff)
            // Events keep to the longer pauses: an object has only so many events.
            if isWaiting, let told = told[name], told.message == failure.message, now < told.again { return }
            told[name] = Told(message: failure.message, again: now + pause)
            decision.record(.warning, "FailedMount", "MountVolume.SetUp failed for volume \"\(name)\" : \(failure.message)")
        }
    }

    /// - Parameter names: the volumes that the pod uses, in the order of its spec.
    mutating func decide(_ names: [String], at now: Duration, into decision: inout Decision) {
        for name in names {
            switch states[name] ?? .wanted {
            case .mounted, .mounting: break
            case .failed(let retryAt, _) where retryAt > now: decision.wake(at: retryAt)
            case .failed(_, let backOff): mount(name, backOff, into: &decision)
            case .wanted: mount(name, BackOff(initial: .milliseconds(500), maximum: .seconds(122)), into: &decision)
            }
        }
    }

    private mutating func mount(_ name: String, _ backOff: BackOff, into decision: inout Decision) {
        states[name] = .mounting(backOff)
        decision.perform(.mountVolume(name: name))
    }
}
