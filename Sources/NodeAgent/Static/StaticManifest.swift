import FoundationEssentials
import KubeClient
package import KubeModel
import PodCore

/// Makes static pods from the manifests of one node, as kubelet does.
package struct StaticManifest: Sendable {
    /// Bytes.
    package static let largest = 10 << 20

    /// Fields of the API server. A manifest that was copied from there has them.
    private static let serverFields = [
        "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName", "generation", "managedFields",
        "ownerReferences", "resourceVersion", "selfLink",
    ]

    private let nodeName: String

    package init(nodeName: String) {
        self.nodeName = nodeName
    }

    /// - Parameters:
    ///   - path: the file's absolute path. Equal manifests in two files are different pods.
    ///   - seen: when the agent first saw this content.
    package func pod(_ bytes: [UInt8], path: String, seen: Timestamp) throws(ManifestProblem) -> StaticPod {
        var object = try ManifestDocument.object(bytes)
        guard var metadata = object["metadata"], metadata.object != nil, let name = metadata["name"]?.string, !name.isEmpty else {
            throw ManifestProblem("invalid pod: name is needed for the pod: found no metadata.name")
        }
        if metadata["annotations", StaticAnnotation.mirror] != nil {
            throw ManifestProblem("found the annotation \(StaticAnnotation.mirror), which only mirror pods have: remove it from the manifest")
        }
        for field in Self.serverFields { metadata[field] = nil }
        object["metadata"] = metadata
        object["status"] = nil
        let uid = try Self.uid(of: object, nodeName: nodeName, path: path)
        metadata["name"] = .string("\(name)-\(nodeName.lowercased())")
        metadata["uid"] = .string(uid)
        if metadata["namespace"]?.string?.isEmpty != false { metadata["namespace"] = "default" }
        metadata["annotations", StaticAnnotation.hash] = .string(uid)
        metadata["annotations", StaticAnnotation.source] = "file"
        metadata["annotations", StaticAnnotation.seen] = .string(seen.rfc3339())
        object["metadata"] = metadata
        object["spec"] = Self.onNode(nodeName, object["spec"] ?? .object([:]))
        try StaticPodReferences.check(object)
        return StaticPod(pod: try Self.decode(object), manifest: object)
    }

    private static func uid(of object: JSONValue, nodeName: String, path: String) throws(ManifestProblem) -> String {
        guard let given = object["metadata", "uid"]?.string, !given.isEmpty else {
            var hash = ManifestHash(JSONWriter.bytes(object))
            hash.add("host:\(nodeName)file:\(path)".utf8)
            return hash.text
        }
        // It becomes the name of folders.
        let isName = given.utf8.count <= 64 && given.utf8.allSatisfy { $0 == 0x2D || $0 == 0x2E || $0 == 0x5F || isAlphanumeric($0) }
        guard isName, !given.hasPrefix(".") else {
            throw ManifestProblem("metadata.uid: found '\(given.prefix(80))', wanted at most 64 letters, digits, '-', '_' and '.', or no uid at all")
        }
        return given
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        let scalar = UnicodeScalar(byte)
        return scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
    }

    /// The spec of a pod that is bound to this node, and that no taint of the node's problems evicts.
    private static func onNode(_ nodeName: String, _ given: JSONValue) -> JSONValue {
        var spec = given
        spec["nodeName"] = .string(nodeName)
        let toleration: JSONValue = ["operator": "Exists", "effect": "NoExecute"]
        let tolerations = spec["tolerations"]?.array ?? []
        if !tolerations.contains(toleration) { spec["tolerations"] = .array(tolerations + [toleration]) }
        if let volumes = spec["volumes"]?.array {
            // A volume without a source is an emptyDir.
            spec["volumes"] = .array(
                volumes.map { volume in
                    var volume = volume
                    if volume.object?.keys.allSatisfy({ $0 == "name" }) == true { volume["emptyDir"] = .object([:]) }
                    return volume
                })
        }
        return spec
    }

    private static func decode(_ object: JSONValue) throws(ManifestProblem) -> Pod {
        var pod: Pod
        do {
            pod = try JSONDecoder().decode(Pod.self, from: Data(JSONWriter.bytes(object)))
        } catch {
            throw ManifestProblem("invalid pod: \(DecodingProblem.text(error))")
        }
        try StaticPodRules.check(pod)
        pod.applyDefaults()
        pod.status = PodStatus(phase: .pending)
        return pod
    }
}
