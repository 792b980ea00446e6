import KubeModel

/// The admission plugin NodeRestriction: limits the objects that a node may write.
enum NodeRestriction {
    static func checkCreate(_ identity: Identity, _ type: ResourceType, _ object: JSONValue) throws {
        guard let node = identity.node else { return }
        switch type {
        case .nodes where object.name != node:
            throw APIError.refused("nodes \"\(object.name)\" is forbidden: node \"\(node)\" is not allowed to create node \"\(object.name)\"")
        case .leases where object.name != node:
            throw APIError.refused("leases \"\(object.name)\" is forbidden: can only access node lease with the same name as the requesting node")
        case .pods:
            guard PodAdmission.isMirror(object) else {
                throw APIError.refused(
                    "pods \"\(object.name)\" is forbidden: pod does not have \"\(PodAdmission.mirrorAnnotation)\" annotation, node \"\(node)\" can only create mirror pods"
                )
            }
            guard object.text("spec", "nodeName") == node else {
                throw APIError.refused("pods \"\(object.name)\" is forbidden: node \"\(node)\" can only create pods with spec.nodeName set to itself")
            }
        default:
            break
        }
    }
}
