/// The reason why a command could not be run through an agent, or why its end is unknown.
package enum StreamClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The agent answered with this HTTP status in place of running it.
    case refused(status: Int, text: String)
    /// The connection ended before the command did.
    case endedWithoutStatus
    /// The answer is not an agent's.
    case brokenAnswer(String)

    package var description: String {
        switch self {
        case .refused(let status, let text): text.isEmpty ? "the agent answered with HTTP status \(status)" : text
        case .endedWithoutStatus: "the connection to the agent ended before the command did"
        case .brokenAnswer(let found): "found \(found), wanted an answer of swiftlet (is something else listening there?)"
        }
    }
}
