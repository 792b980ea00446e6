import KubeModel

/// The fields of an existing pod that each kind of update may change.
enum PodUpdateRules {
    /// The main resource: images, deadline, grace of -1 to 1, more tolerations, fewer scheduling gates.
    static func checkSpec(old: JSONValue, new: JSONValue, _ errors: inout FieldErrors) {
        var allowed = new
        for list in ["containers", "initContainers"] {
            guard let before = old["spec"]?.list(list), var after = allowed["spec"]?.list(list), before.count == after.count, !after.isEmpty else {
                continue
            }
            for index in after.indices { after[index]["image"] = before[index]["image"] }
            allowed["spec", list] = .array(after)
        }
        let before = old["spec", "activeDeadlineSeconds"]?.integer
        if let after = new["spec", "activeDeadlineSeconds"]?.integer {
            if let before, after > before {
                errors.invalid("spec.activeDeadlineSeconds", .integer(after), "must be less than or equal to previous value")
            }
            allowed["spec", "activeDeadlineSeconds"] = old["spec", "activeDeadlineSeconds"]
        } else if before != nil {
            errors.invalid("spec.activeDeadlineSeconds", nil, "must not update from a positive integer to nil value")
        }
        let tolerations = old["spec"]?.list("tolerations") ?? []
        let newTolerations = new["spec"]?.list("tolerations") ?? []
        func withoutSeconds(_ list: [JSONValue]) -> Set<JSONValue> {
            Set(
                list.map { toleration in
                    var rest = toleration
                    rest["tolerationSeconds"] = nil
                    return rest
                })
        }
        if withoutSeconds(tolerations).isSubset(of: withoutSeconds(newTolerations)) { allowed["spec", "tolerations"] = old["spec", "tolerations"] }
        let gates = Set(old["spec"]?.list("schedulingGates") ?? [])
        if Set(new["spec"]?.list("schedulingGates") ?? []).isSubset(of: gates) { allowed["spec", "schedulingGates"] = old["spec", "schedulingGates"] }
        if old["spec", "terminationGracePeriodSeconds"]?.integer ?? 0 < 0 {
            allowed["spec", "terminationGracePeriodSeconds"] = old["spec", "terminationGracePeriodSeconds"]
        }
        if allowed["spec"] != old["spec"] {
            errors.forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
            )
        }
    }

    /// The subresource ephemeralcontainers: only additions.
    static func ephemeral(old: JSONValue, new: JSONValue, _ errors: inout FieldErrors) -> JSONValue {
        let before = old["spec"]?.list("ephemeralContainers") ?? []
        let after = new["spec"]?.list("ephemeralContainers") ?? []
        for container in before where !after.contains(container) {
            errors.forbidden("spec.ephemeralContainers", "existing ephemeral containers \"\(container.text("name"))\" may not be removed or changed")
        }
        var result = old
        result["spec", "ephemeralContainers"] = after.isEmpty ? nil : .array(after)
        return result
    }

    /// The subresource resize: only the resources of containers, within the same quality of service class.
    static func resize(old: JSONValue, new: JSONValue, _ errors: inout FieldErrors) -> JSONValue {
        var result = old
        for list in ["containers", "initContainers"] {
            guard var before = old["spec"]?.list(list), let after = new["spec"]?.list(list), before.count == after.count, !before.isEmpty else {
                continue
            }
            for index in before.indices { before[index]["resources"] = after[index]["resources"] }
            result["spec", list] = .array(before)
        }
        if let pod = new["spec", "resources"] { result["spec", "resources"] = pod }
        var others = new
        others["spec", "containers"] = result["spec", "containers"]
        others["spec", "initContainers"] = result["spec", "initContainers"]
        if others["spec"] != result["spec"] { errors.forbidden("spec", "only cpu and memory resources are mutable") }
        if let spec = result["spec"], let before = old["spec"], PodQuality.of(spec) != PodQuality.of(before) {
            errors.invalid("spec", .string(PodQuality.of(spec)), "Pod QOS Class may not change as a result of resizing")
        }
        return result
    }
}
