/// Looks every 2 ms until `condition` holds, for what happens on another task or in the kernel. Returns false after `limit`.
package func eventually(within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while true {
        if try await condition() { return true }
        if ContinuousClock.now > end { return false }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// Waits until `condition` holds. Throws ``NeverHappened`` with `what` after `limit`.
package func eventually(_ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws {
    if try await !eventually(within: limit, condition) { throw NeverHappened(what: what, limit: limit) }
}

package struct NeverHappened: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration

    package var description: String { "\(what) did not happen within \(limit)" }
}
