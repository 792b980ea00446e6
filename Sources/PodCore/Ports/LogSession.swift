package import KubeModel

/// The part of a container's log to read (`core/v1 PodLogOptions`).
package struct LogOptions: Sendable, Hashable {
    package var follow = false
    package var timestamps = false
    /// Only the last lines; `nil` for all.
    package var tailLines: Int?
    /// Only lines written at this time or later.
    package var since: Timestamp?
    /// Stop after this many bytes of output.
    package var limitBytes: Int?

    package init() {}
}

package struct LogRequest: Sendable, Hashable {
    /// Absolute path of the CRI log file.
    package let path: String
    package let options: LogOptions
    /// The container whose end also ends a follow.
    package let containerID: String
    package let sandboxID: String

    package init(path: String, options: LogOptions, containerID: String, sandboxID: String) {
        self.path = path
        self.options = options
        self.containerID = containerID
        self.sandboxID = sandboxID
    }
}

/// A log being read. Reading is by pull.
package protocol LogSession: Sendable {
    /// The next bytes, with CRI prefixes removed (the time stays when asked for); `nil` at the end.
    func read() async throws(RuntimeFailure) -> [UInt8]?

    /// Stops following and frees what is held.
    func close() async
}
