import FoundationEssentials
package import KubeModel

/// The strategic merge patch that makes a pod's status in the API what the node says, touching nothing that is not the node's.
package enum PodStatusPatch {
    /// Fields that the node owns: absent means removed.
    private static let ownedFields = [
        "observedGeneration", "phase", "message", "reason", "hostIP", "hostIPs", "podIP", "podIPs", "startTime", "initContainerStatuses",
        "containerStatuses",
        "qosClass", "resources", "allocatedResources",
    ]

    private static let conditionFields = ["observedGeneration", "lastProbeTime", "lastTransitionTime", "reason", "message"]

    /// The uid is a precondition: a pod of the same name that came later is not touched.
    package static func patch(_ status: PodStatus, uid: String) throws -> JSONValue {
        var fields = try JSONParser.parse(JSONEncoder().encode(status)).object ?? [:]
        for name in ownedFields where fields[name] == nil { fields[name] = .null }
        // Conditions are merged by type: what a condition no longer has must be removed by name.
        fields["conditions"] = fields["conditions"]?.array.map { conditions in
            .array(
                conditions.map { condition in
                    var members = condition.object ?? [:]
                    for name in conditionFields where members[name] == nil { members[name] = .null }
                    return .object(members)
                })
        }
        // Addresses are merged by value, so without this an old address would stay.
        for name in ["podIPs", "hostIPs"] {
            if let entries = fields[name]?.array { fields[name] = .array([["$patch": "replace"]] + entries) }
        }
        return ["metadata": ["uid": .string(uid)], "status": .object(fields)]
    }
}
