package import KubeModel

/// The agent as the node's HTTP endpoint and the operator's socket see it. `NodeAgent` conforms.
package protocol NodeView: Sendable {
    /// The pods bound to this node with their latest status.
    func pods() async -> [Pod]

    /// Returns the place of a pod's container. `previous` means the container before the last restart.
    func container(_ name: String, ofPod pod: ObjectKey, uid: String?, previous: Bool) async throws(NodeViewFailure) -> ContainerLocation

    /// Returns the id of the sandbox in which a pod's containers may run.
    func sandbox(ofPod pod: ObjectKey, uid: String?) async throws(NodeViewFailure) -> String

    /// Returns one entry for each check. The node is healthy when all checks are.
    func health() async -> [HealthCheck]

    /// The node's object with the status of this agent's latest look at the machine; `nil` until it is known.
    func node() async -> Node?

    /// The figures that `swiftlet status` prints.
    func summary() async -> NodeSummary
}

package struct ContainerLocation: Sendable, Hashable {
    package let sandboxID: String
    package let containerID: String
    package let isRunning: Bool
    package let logPath: String

    package init(sandboxID: String, containerID: String, isRunning: Bool, logPath: String) {
        self.sandboxID = sandboxID
        self.containerID = containerID
        self.isRunning = isRunning
        self.logPath = logPath
    }
}

package struct HealthCheck: Sendable, Hashable, Codable {
    package let name: String
    /// Absent when healthy.
    package let problem: String?

    package init(name: String, problem: String?) {
        self.name = name
        self.problem = problem
    }
}

/// The state of the agent for an operator.
package struct NodeSummary: Sendable, Hashable, Codable {
    package var nodeName: String
    package var version: String
    package var isReady: Bool
    package var readyMessage: String
    package var apiServer: String
    /// Seconds since the API server last answered; absent when it never did.
    package var apiServerLastContact: Double?
    package var podsByPhase: [String: Int]
    package var podCIDRs: [String]
    package var startedAt: Timestamp

    package init(
        nodeName: String, version: String, isReady: Bool, readyMessage: String, apiServer: String, apiServerLastContact: Double?,
        podsByPhase: [String: Int], podCIDRs: [String], startedAt: Timestamp
    ) {
        self.nodeName = nodeName
        self.version = version
        self.isReady = isReady
        self.readyMessage = readyMessage
        self.apiServer = apiServer
        self.apiServerLastContact = apiServerLastContact
        self.podsByPhase = podsByPhase
        self.podCIDRs = podCIDRs
        self.startedAt = startedAt
    }
}

/// Why the agent cannot answer: becomes an HTTP status at the border.
package struct NodeViewFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// No such pod or container: 404.
        case notFound
        /// The pod or container is not in the state that the request needs: 400.
        case notReady
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
