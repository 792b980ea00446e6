import KubeClient
import KubeModel
import TestSupport

@testable import NodeAgent

/// Takes calls for mirror pods. Notes each when it begins.
final class FakeMirrorPodAPI: MirrorPodAPI {
    enum Call: Sendable {
        case create(JSONValue)
        case delete(ObjectKey, uid: String)

        var text: String {
            switch self {
            case .create(let pod):
                "create \(pod["metadata", "name"]?.string ?? "") \(pod["metadata", "annotations", StaticAnnotation.mirror]?.string ?? "")"
            case .delete(let key, let uid): "delete \(key.name) \(uid)"
            }
        }
    }

    let calls = Journal<Call>()
    private let failures: Failures

    init(failing failures: [APIError?] = []) {
        self.failures = Failures(failures)
    }

    var texts: [String] { calls.entries.map(\.text) }

    func createMirrorPod(_ pod: JSONValue, _ key: ObjectKey) async throws {
        calls.note(.create(pod))
        try failures.next()
    }

    func deletePod(_ pod: ObjectKey, uid: String) async throws {
        calls.note(.delete(pod, uid: uid))
        try failures.next()
    }

    /// The last mirror pod that was to be created, as the API server stores it.
    func stored(uid: String) throws -> Pod? {
        let object = calls.entries.compactMap { if case .create(let object) = $0 { object } else { nil } }.last
        guard let object else { return nil }
        var pod: Pod = try Wire.decode(object)
        pod.metadata.uid = uid
        return pod
    }
}
