import Glibc

/// The machine's shutdown, as systemd-logind announces it (org.freedesktop.login1(5)).
package final class Logind: Sendable {
    private static let manager = SystemBus.Object(
        service: "org.freedesktop.login1", path: "/org/freedesktop/login1", interface: "org.freedesktop.login1.Manager")
    private static let announcement = "PrepareForShutdown"
    /// The file that kubelet writes: a node that changes its agent has one setting, not two.
    private static let settings = (folder: "/etc/systemd/logind.conf.d", file: "99-kubelet.conf")
    /// logind reads its settings some time after it was asked to, and reports no end of that.
    private static let readings = [100, 200, 400, 800, 1600].map { Duration.milliseconds($0) }

    private let bus: SystemBus
    private let descriptor: OwnedFileDescriptor

    private init(_ bus: SystemBus) throws(SystemError) {
        self.bus = bus
        descriptor = try bus.descriptor()
    }

    /// Connects to logind, and follows its announcements from here on.
    package static func connect() async throws -> Logind {
        try await blocking("connect to systemd-logind") {
            let bus = try SystemBus()
            try bus.subscribe(manager, announcement)
            return try Logind(bus)
        }
    }

    /// Sees to it that a shutdown may be delayed for `wanted`, if need be by a file of settings (`InhibitDelayMaxSec`).
    package func allowDelay(_ wanted: Duration) async throws {
        if try await longestDelay() >= wanted { return }
        try await Self.blocking("raise the longest delay of systemd-logind") { [bus] in
            try Directories.make(Self.settings.folder, mode: 0o755)
            let text =
                "# Pods end in order when the machine shuts down (shutdownGracePeriod).\n[Login]\nInhibitDelayMaxSec=\(wanted.components.seconds)\n"
            try AtomicFile.replace("\(Self.settings.folder)/\(Self.settings.file)", with: Array(text.utf8), mode: 0o644, durability: .synced)
            try bus.kill(unit: "systemd-logind.service", signal: SIGHUP)
        }
        var found = Duration.zero
        for pause in Self.readings {
            try await ReadinessLoop.shared().pause(pause)
            found = try await longestDelay()
            if found >= wanted { return }
        }
        throw SystemError(
            code: .malformed, call: "InhibitDelayMaxSec", path: "systemd-logind",
            detail: "found \(found), wanted at least \(wanted); look for another file in \(Self.settings.folder) that sets it")
    }

    /// Delays every shutdown until the descriptor is closed.
    package func delayShutdown() async throws -> OwnedFileDescriptor {
        try await Self.blocking("delay shutdowns") { [bus] in
            try bus.descriptor(Self.manager, "Inhibit", ("shutdown", "swiftlet", "Pods need time to end", "delay"))
        }
    }

    /// Returns the next announcement: true for a shutdown that begins, false for a shutdown that was called off. Throws when the connection has
    /// ended.
    package func nextAnnouncement() async throws -> Bool {
        while true {
            if let begins = try bus.nextBoolean(Self.manager, Self.announcement) { return begins }
            try await ReadinessLoop.shared().wait(for: descriptor)
        }
    }

    private func longestDelay() async throws -> Duration {
        try await Self.blocking("read the longest delay of systemd-logind") { [bus] in
            .microseconds(Int64(clamping: try bus.number(Self.manager, "InhibitDelayMaxUSec")))
        }
    }

    private static func blocking<Result: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await BlockingPool.shared.run(what, deadline: .seconds(30), body)
    }
}
