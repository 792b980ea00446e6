import FoundationEssentials
package import KubeModel
import PodCore

/// The status that a stream ends with, as sent over the error channel.
package enum StreamStatus {
    package static func ended(exitCode: Int) -> Status {
        guard exitCode != 0 else { return Status(status: "Success") }
        return Status(
            status: "Failure", message: "command terminated with non-zero exit code: exit code \(exitCode)", reason: "NonZeroExitCode",
            details: Status.Details(causes: [Status.Cause(reason: "ExitCode", message: String(exitCode))]))
    }

    /// - Parameter what: what could not be done, in kubelet's words.
    package static func failed(_ what: String, _ failure: some Error) -> Status {
        let message = "\(what): \(failure)"
        return Status(
            status: "Failure", message: "Internal error occurred: " + message, reason: "InternalError",
            details: Status.Details(causes: [Status.Cause(message: message)]), code: 500)
    }

    /// The bytes for the error channel; `nil` when nothing is to be sent.
    /// - Parameter structured: the protocol carries a `metav1.Status`; else text for a failure.
    static func bytes(_ status: Status, structured: Bool) throws -> [UInt8]? {
        if structured { return Array(try JSONEncoder().encode(status)) }
        return status.status == "Success" ? nil : Array((status.message ?? "").utf8)
    }

    /// Returns the exit code in a status; `nil` when the command did not run to its end.
    package static func exitCode(of status: Status) -> Int? {
        if status.status == "Success" { return 0 }
        guard status.reason == "NonZeroExitCode" else { return nil }
        return status.details?.causes?.first { $0.reason == "ExitCode" }?.message.flatMap { Int($0) }
    }
}
