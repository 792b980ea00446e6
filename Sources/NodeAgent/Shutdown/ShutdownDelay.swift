/// The delay of the machine's shutdown that its service manager grants to programs (logind's inhibitor locks of mode `delay`).
package protocol ShutdownDelay: Sendable {
    /// Connects, sees to it that a shutdown may be delayed for as long as `longest`, and takes the delay.
    ///
    /// Calls `announce` for each announcement, true for a shutdown that begins, false for a shutdown that was called off, one after the other. Returns
    /// when the connection has ended, and gives the delay back then. Throws when the service manager cannot be reached or refuses.
    func follow(longest: Duration, announce: @Sendable (ShutdownAnnouncement) async -> Void) async throws
}

package struct ShutdownAnnouncement: Sendable {
    /// False when the shutdown was called off: the delay has been taken again.
    package let begins: Bool
    /// Lets the shutdown go on.
    package let giveBack: @Sendable () async -> Void

    package init(begins: Bool, giveBack: @escaping @Sendable () async -> Void) {
        self.begins = begins
        self.giveBack = giveBack
    }
}
