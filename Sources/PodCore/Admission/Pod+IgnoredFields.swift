package import KubeModel

extension Pod {
    /// The warning about fields of the spec that have no effect on this node; `nil` without any. The pod runs as if they were not there.
    package var ignoredFieldsWarning: PodEventRecord? {
        let fields = ignoredFields
        if fields.isEmpty { return nil }
        return PodEventRecord(.warning, "FieldsIgnored", "This node has no support for \(fields.joined(separator: ", ")): the pod runs without")
    }

    /// SELinux labels: nothing of the pod's own configuration is lost without them but separation.
    private var ignoredFields: [String] {
        var fields: [String] = []
        if spec.securityContext?.seLinuxOptions != nil { fields.append("spec.securityContext.seLinuxOptions") }
        for (list, containers) in [("initContainers", spec.initContainers ?? []), ("containers", spec.containers)] {
            for container in containers where container.securityContext?.seLinuxOptions != nil {
                fields.append("spec.\(list){\(container.name)}.securityContext.seLinuxOptions")
            }
        }
        return fields
    }
}
