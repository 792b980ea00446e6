import Glibc

/// A process for as long as the machine is up: a pid alone may belong to another process after a while.
package struct ProcessIdentity: Sendable, Hashable, Codable {
    package let pid: Int32
    /// Field 22 of /proc/PID/stat: clock ticks since boot.
    package let startTime: UInt64

    package init(pid: Int32, startTime: UInt64) {
        self.pid = pid
        self.startTime = startTime
    }

    /// Returns the process that has this pid now. Throws ESRCH or ENOENT if there is none.
    package init(of pid: Int32) throws(SystemError) {
        let path = "/proc/\(pid)/stat"
        let text: String
        do throws(SystemError) {
            text = try SmallFile.text(path)
        } catch {
            if error.isNotFound || error.isNoProcess { throw SystemError(call: "open", path: path, errno: ESRCH) }
            throw error
        }
        guard let startTime = Self.startTime(inStat: text) else {
            throw SystemError(code: .malformed, call: "read", path: path, detail: "wanted 22 fields with a start time, found: \(text)")
        }
        self.init(pid: pid, startTime: startTime)
    }

    /// The start time in a line of /proc/PID/stat. The second field is the name in parentheses and may hold spaces and
    /// parentheses itself, so counting starts behind the last one.
    package static func startTime(inStat text: String) -> UInt64? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }

    /// Whether this very process still exists (a zombie does).
    package var exists: Bool { (try? ProcessIdentity(of: pid)) == self }

    /// A pidfd for this very process. ESRCH when it is gone, or when its pid is another's by now.
    package func open() throws(SystemError) -> PidFD {
        let descriptor = try PidFD(pid: pid)
        // Checked after opening: from then on the pidfd cannot change its process any more.
        guard exists else { throw SystemError(call: "pidfd_open", path: "pid \(pid)", errno: ESRCH) }
        return descriptor
    }
}
