/// Why a container terminated: `state.terminated.reason` of its status.
package enum TerminationReason: String, Sendable, Hashable, CaseIterable {
    case completed = "Completed"
    case error = "Error"
    case oomKilled = "OOMKilled"
    case startError = "StartError"
    case containerStatusUnknown = "ContainerStatusUnknown"

    init(_ exit: ContainerExit) {
        switch exit {
        case _ where !exit.isKnown: self = .containerStatusUnknown
        case _ where exit.outOfMemory: self = .oomKilled
        case _ where exit.exitCode == 0: self = .completed
        default: self = .error
        }
    }
}
