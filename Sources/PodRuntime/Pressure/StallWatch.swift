import LinuxSystem

/// Waits for tasks that wait for memory: in the first of the cgroups and of the machine that can be watched.
actor StallWatch {
    /// Microseconds. A tenth of the time is what a machine with room never loses, and early enough before the kernel kills.
    private static let stall = 200_000
    private static let window = 2_000_000
    /// Before a cgroup that was removed is looked for again.
    private static let pause = Duration.seconds(10)

    private let paths: [String]
    private var alarm: StallAlarm?

    init(paths: [String]) {
        self.paths = paths
    }

    /// Returns at the next alarm; `nil` when there will be none.
    func next() async -> Void? {
        while !Task.isCancelled {
            guard let current = alarm ?? paths.lazy.compactMap({ try? StallAlarm($0, stall: Self.stall, window: Self.window) }).first else {
                return nil
            }
            alarm = current
            do {
                try await current.wait()
                return ()
            } catch {
                alarm = nil
                guard !Task.isCancelled, (try? await ReadinessLoop.shared().pause(Self.pause)) != nil else { return nil }
            }
        }
        return nil
    }
}
