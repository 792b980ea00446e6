import FoundationEssentials
import KubeModel
import LinuxSystem
import PodCore
import ShimClient

/// `sandbox.json`: what a restarted agent has to know of a sandbox and the shim does not.
struct SandboxDocument: Sendable, Hashable, Codable {
    var version = 1
    var configuration: SandboxConfiguration
    /// Nanoseconds since 1970.
    var createdAt: Int64
    var addresses: [String] = []
    /// The pod's user namespace; `nil` for the node's.
    var ids: IDMapping?
    /// Relative to the tree's root, so that a changed `qosClass` or root is not guessed about.
    var cgroup: String

    func write(to path: String) throws(RuntimeFailure) { try RuntimeDocument.write(self, to: path) }

    static func read(_ path: String) throws(RuntimeFailure) -> SandboxDocument {
        let document: SandboxDocument = try RuntimeDocument.read(path)
        guard document.version == 1 else {
            throw RuntimeFailure(.internal, "\(path) has version \(document.version), this agent reads version 1; it is left as it is")
        }
        return document
    }
}

/// `container.json`.
struct ContainerDocument: Sendable, Hashable, Codable {
    var version = 1
    var configuration: ContainerConfiguration

    func write(to path: String) throws(RuntimeFailure) { try RuntimeDocument.write(self, to: path) }

    static func read(_ path: String) throws(RuntimeFailure) -> ContainerDocument {
        let document: ContainerDocument = try RuntimeDocument.read(path)
        guard document.version == 1 else {
            throw RuntimeFailure(.internal, "\(path) has version \(document.version), this agent reads version 1; it is left as it is")
        }
        return document
    }
}

enum RuntimeDocument {
    /// A configuration has environment variables in it, nothing that is bigger.
    static let limit = 16 << 20

    /// Returns if the content of an unreadable document is damaged, so that reading it again would fail as well. Blocking.
    /// - Throws: if the document cannot be read for another reason.
    static func check(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            _ = try SmallFile.bytes(path, limit: limit)
        } catch {
            guard error.isNotFound || error.code == .tooLarge else { throw error }
        }
    }

    fileprivate static func write(_ value: some Encodable, to path: String) throws(RuntimeFailure) {
        do {
            try AtomicFile.replace(path, with: Array(JSONEncoder().encode(value)))
        } catch {
            throw RuntimeFailure(.internal, "\(path) cannot be written: \(error)")
        }
    }

    fileprivate static func read<Document: Decodable>(_ path: String) throws(RuntimeFailure) -> Document {
        do {
            return try JSONDecoder().decode(Document.self, from: Data(SmallFile.bytes(path, limit: limit)))
        } catch {
            throw RuntimeFailure(.internal, "\(path) cannot be read: \(error)")
        }
    }
}
