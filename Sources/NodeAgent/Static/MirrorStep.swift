import KubeModel

/// The next step towards the wanted mirror pod of one name.
enum MirrorStep: Sendable, Equatable {
    case create(StaticPod)
    /// Another follows once it is gone, if a static pod wants one.
    case delete(uid: String)

    /// `nil` if there is nothing to do.
    init?(wanted: StaticPod?, mirror: Pod?) {
        switch (wanted, mirror) {
        case (nil, nil): return nil
        case (let wanted?, nil): self = .create(wanted)
        case (nil, let mirror?): self = .delete(uid: mirror.uid)
        case (let wanted?, let mirror?):
            // A client has deleted it. There are no containers to wait for.
            let isCurrent = mirror.mirroredUID == wanted.hash && mirror.metadata.deletionTimestamp == nil
            guard !isCurrent else { return nil }
            self = .delete(uid: mirror.uid)
        }
    }
}

extension StaticPod {
    /// The object to create in the API. The node owns it: API servers refuse mirror pods without an owner, and remove them with the node.
    func mirror(nodeName: String, nodeUID: String) -> JSONValue {
        var mirror = manifest
        mirror["metadata", "uid"] = nil
        mirror["metadata", "annotations", StaticAnnotation.mirror] = .string(hash)
        mirror["metadata", "ownerReferences"] = [
            ["apiVersion": "v1", "kind": "Node", "name": .string(nodeName), "uid": .string(nodeUID), "controller": true]
        ]
        return mirror
    }
}
