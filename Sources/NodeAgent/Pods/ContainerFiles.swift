import PodCore
import Synchronization

/// The paths of each known container's log and termination message.
package final class ContainerFiles: Sendable {
    package struct Entry: Sendable, Hashable {
        package let podUID: String
        package let sandboxID: String
        package let container: String
        package let logPath: String
        package let messageFile: String?
    }

    private let entries = Mutex<[String: Entry]>([:])

    package init() {}

    func set(_ configuration: ContainerConfiguration, podUID: String, sandboxID: String) {
        let entry = Entry(
            podUID: podUID, sandboxID: sandboxID, container: configuration.name, logPath: configuration.log.path,
            messageFile: configuration.terminationMessageFile)
        entries.withLock { $0[configuration.id] = entry }
    }

    package subscript(containerID: String) -> Entry? { entries.withLock { $0[containerID] } }

    func remove(_ containerID: String) {
        _ = entries.withLock { $0.removeValue(forKey: containerID) }
    }

    func remove(podUID: String) {
        entries.withLock { entries in entries = entries.filter { $0.value.podUID != podUID } }
    }
}
