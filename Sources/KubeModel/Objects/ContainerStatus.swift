/// `core/v1 ContainerStatus`.
package struct ContainerStatus: Sendable, Hashable, Codable {
    package var name: String
    package var state: ContainerState
    package var lastState: ContainerState
    package var ready: Bool
    package var restartCount: Int
    package var image: String
    /// The digest that was run, empty before the image is there.
    package var imageID: String
    /// `<runtime>://<id>` of the last container.
    package var containerID: String?
    package var started: Bool?
    package var allocatedResources: [String: Quantity]?
    package var resources: ResourceRequirements?
    package var volumeMounts: [VolumeMountStatus]?
    package var user: ContainerUser?

    package init(name: String, image: String, state: ContainerState = ContainerState()) {
        self.name = name
        self.state = state
        self.lastState = ContainerState()
        self.ready = false
        self.restartCount = 0
        self.image = image
        self.imageID = ""
    }
}

/// `core/v1 ContainerState`: one of the three, or none.
package struct ContainerState: Sendable, Hashable, Codable {
    package struct Waiting: Sendable, Hashable, Codable {
        package var reason: String?
        package var message: String?
    }

    package struct Running: Sendable, Hashable, Codable {
        package var startedAt: Timestamp?
    }

    package struct Terminated: Sendable, Hashable, Codable {
        package var exitCode: Int
        package var signal: Int?
        package var reason: String?
        package var message: String?
        package var startedAt: Timestamp?
        package var finishedAt: Timestamp?
        package var containerID: String?

        package init(
            exitCode: Int, reason: String?, message: String? = nil, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil,
            containerID: String? = nil
        ) {
            self.exitCode = exitCode
            self.reason = reason
            self.message = message
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.containerID = containerID
        }
    }

    package var waiting: Waiting?
    package var running: Running?
    package var terminated: Terminated?

    package init() {}

    package static func waiting(reason: String, message: String? = nil) -> ContainerState {
        var state = ContainerState()
        state.waiting = Waiting(reason: reason, message: message)
        return state
    }

    package static func running(since start: Timestamp) -> ContainerState {
        var state = ContainerState()
        state.running = Running(startedAt: start)
        return state
    }

    package static func terminated(_ end: Terminated) -> ContainerState {
        var state = ContainerState()
        state.terminated = end
        return state
    }
}

package struct VolumeMountStatus: Sendable, Hashable, Codable {
    package var name: String
    package var mountPath: String
    package var readOnly: Bool?
    package var recursiveReadOnly: String?

    package init(name: String, mountPath: String, readOnly: Bool?, recursiveReadOnly: String?) {
        self.name = name
        self.mountPath = mountPath
        self.readOnly = readOnly
        self.recursiveReadOnly = recursiveReadOnly
    }
}

package struct ContainerUser: Sendable, Hashable, Codable {
    package struct Linux: Sendable, Hashable, Codable {
        package var uid: Int64
        package var gid: Int64
        package var supplementalGroups: [Int64]?

        package init(uid: Int64, gid: Int64, supplementalGroups: [Int64]?) {
            self.uid = uid
            self.gid = gid
            self.supplementalGroups = supplementalGroups
        }
    }

    package var linux: Linux?

    package init(linux: Linux?) {
        self.linux = linux
    }
}
