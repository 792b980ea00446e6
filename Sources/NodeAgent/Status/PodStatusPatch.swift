import FoundationEssentials
package import KubeModel
import PodCore

/// The strategic merge patch that sets a pod's status in the API to the node's, and leaves the fields of other writers alone.
package enum PodStatusPatch {
    /// The fields that the node owns: an absent field is removed.
    private static let ownedFields = [
        "observedGeneration", "phase", "message", "reason", "hostIP", "hostIPs", "podIP", "podIPs", "startTime", "initContainerStatuses",
        "containerStatuses", "ephemeralContainerStatuses", "qosClass", "resources", "allocatedResources",
    ]

    /// The conditions that the node writes only for a time.
    private static let passingConditions = [ResizeCondition.pending, ResizeCondition.inProgress]

    private static let conditionFields = ["observedGeneration", "lastProbeTime", "lastTransitionTime", "reason", "message"]

    /// The uid is a precondition: a later pod with this name is not touched.
    package static func patch(_ status: PodStatus, uid: String) throws -> JSONValue {
        var fields = try JSONParser.parse(JSONEncoder().encode(status)).object ?? [:]
        for name in ownedFields where fields[name] == nil { fields[name] = .null }
        if let conditions = fields["conditions"]?.array { fields["conditions"] = .array(merging(conditions)) }
        // Addresses are merged by value, so without this an old address would stay.
        for name in ["podIPs", "hostIPs"] {
            if let entries = fields[name]?.array { fields[name] = .array([["$patch": "replace"]] + entries) }
        }
        return ["metadata": ["uid": .string(uid)], "status": .object(fields)]
    }

    /// Conditions are merged by type: what a condition no longer has, and a condition that is over, must be removed by name. Conditions of others
    /// stay.
    private static func merging(_ conditions: [JSONValue]) -> [JSONValue] {
        let whole = conditions.map { condition in
            var members = condition.object ?? [:]
            for name in conditionFields where members[name] == nil { members[name] = .null }
            return JSONValue.object(members)
        }
        let over = passingConditions.filter { type in !conditions.contains { $0["type"]?.string == type } }
        return whole + over.map { ["type": .string($0), "$patch": "delete"] }
    }
}
