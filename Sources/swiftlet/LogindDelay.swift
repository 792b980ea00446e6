import LinuxSystem
import NodeAgent

/// The delay of shutdowns that systemd-logind grants.
struct LogindDelay: ShutdownDelay {
    func follow(longest: Duration, announce: @Sendable (ShutdownAnnouncement) async -> Void) async throws {
        let logind = try await Logind.connect()
        try await logind.allowDelay(longest)
        var delay = try await logind.delayShutdown()
        while true {
            let begins = try await logind.nextAnnouncement()
            if !begins { delay = try await logind.delayShutdown() }
            await announce(ShutdownAnnouncement(begins: begins) { [delay] in delay.close() })
        }
    }
}
