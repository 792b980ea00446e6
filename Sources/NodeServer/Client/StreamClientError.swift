/// Why a command could not be run through an agent, or how it ended is not known.
package enum StreamClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The agent answered with this HTTP status in place of running it.
    case refused(status: Int, text: String)
    /// The connection ended before the command did.
    case endedWithoutStatus
    /// What came back is no answer of an agent.
    case brokenAnswer(String)

    package var description: String {
        switch self {
        case .refused(let status, let text): text.isEmpty ? "the agent answered with HTTP status \(status)" : text
        case .endedWithoutStatus: "the connection to the agent ended before the command did"
        case .brokenAnswer(let found): "found \(found), wanted an answer of swiftlet (is something else listening there?)"
        }
    }
}
