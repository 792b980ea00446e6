import Timing

/// A pod's volumes: each is mounted once, and tried again after growing pauses.
struct VolumeMounts: Sendable {
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
            states[name] = .failed(retryAt: now + backOff.next(), backOff)
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
