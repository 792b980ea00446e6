import FoundationEssentials
import PodCore

/// The state of a container as the specification has it: what `state` prints and hooks read.
struct OCIState: Sendable, Codable {
    enum Status: String, Sendable, Codable {
        case creating, created, running, stopped
        /// Not of the specification, which has nothing that pauses; other runtimes say it with this word.
        case paused
    }

    let ociVersion: String
    let id: String
    let status: Status
    /// 0 for a container that has none (any more).
    let pid: Int32
    let bundle: String
    let annotations: [String: String]?

    init(_ container: OCIContainer, _ status: Status) {
        ociVersion = container.ociVersion
        id = container.id
        self.status = status
        pid = status == .stopped ? 0 : container.pid ?? 0
        bundle = container.bundle
        annotations = container.annotations.isEmpty ? nil : container.annotations
    }

    func json(pretty: Bool) throws(RuntimeFailure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            throw RuntimeFailure(.internal, "the state cannot be written as JSON: \(error)")
        }
    }
}
