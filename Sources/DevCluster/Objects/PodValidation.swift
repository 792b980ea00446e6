import KubeModel

/// Validates a pod. It holds the rules that a user is likely to break, in Kubernetes' words.
enum PodValidation {
    static func validate(_ pod: JSONValue, _ errors: inout FieldErrors) {
        guard let spec = pod["spec"], spec.object != nil else {
            errors.required("spec")
            return
        }
        let volumes = volumeNames(spec, &errors)
        if spec.list("containers").isEmpty { errors.required("spec.containers") }
        var names: Set<String> = []
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for (index, container) in spec.list(list).enumerated() {
                Self.container(container, "spec.\(list)[\(index)]", volumes, &names, &errors)
            }
        }
        oneOf("spec.restartPolicy", spec["restartPolicy"], ["Always", "OnFailure", "Never"], &errors)
        oneOf("spec.dnsPolicy", spec["dnsPolicy"], ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], &errors)
        if let grace = spec["terminationGracePeriodSeconds"]?.integer, grace < 0 {
            errors.invalid("spec.terminationGracePeriodSeconds", .integer(grace), "must be greater than or equal to 0")
        }
        if let deadline = spec["activeDeadlineSeconds"]?.integer, deadline < 1 {
            errors.invalid("spec.activeDeadlineSeconds", .integer(deadline), "must be between 1 and 2147483647, inclusive")
        }
        for field in ["hostname", "subdomain"] {
            if let name = spec[field]?.string, !name.isEmpty, !NameRules.isLabel(name) {
                errors.invalid(
                    "spec.\(field)", .string(name),
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
                )
            }
        }
        let node = spec.text("nodeName")
        if !node.isEmpty, !NameRules.isSubdomain(node) { errors.invalid("spec.nodeName", .string(node), "is not a valid node name") }
    }

    private static func volumeNames(_ spec: JSONValue, _ errors: inout FieldErrors) -> Set<String> {
        var names: Set<String> = []
        for (index, volume) in spec.list("volumes").enumerated() {
            let path = "spec.volumes[\(index)]"
            let name = volume.text("name")
            if name.isEmpty {
                errors.required("\(path).name")
            } else if !NameRules.isLabel(name) {
                errors.invalid(
                    "\(path).name", .string(name),
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
                )
            } else if !names.insert(name).inserted {
                errors.duplicate("\(path).name", name)
            }
            let sources = volume.object?.keys.filter { $0 != "name" } ?? []
            if sources.count > 1 { errors.forbidden(path, "may not specify more than 1 volume type") }
            if volume["hostPath"] != nil, volume.text("hostPath", "path").isEmpty { errors.required("\(path).hostPath.path") }
            if volume["configMap"] != nil, volume.text("configMap", "name").isEmpty { errors.required("\(path).configMap.name") }
            if volume["secret"] != nil, volume.text("secret", "secretName").isEmpty { errors.required("\(path).secret.secretName") }
            if volume["persistentVolumeClaim"] != nil, volume.text("persistentVolumeClaim", "claimName").isEmpty {
                errors.required("\(path).persistentVolumeClaim.claimName")
            }
        }
        return names
    }

    private static func container(
        _ container: JSONValue, _ path: String, _ volumes: Set<String>, _ names: inout Set<String>, _ errors: inout FieldErrors
    ) {
        let name = container.text("name")
        if name.isEmpty {
            errors.required("\(path).name")
        } else if !NameRules.isLabel(name) {
            errors.invalid(
                "\(path).name", .string(name),
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
            )
        } else if !names.insert(name).inserted {
            errors.duplicate("\(path).name", name)
        }
        let image = container.text("image")
        if image.isEmpty {
            errors.required("\(path).image")
        } else if image != image.trimmingSpace {
            errors.invalid("\(path).image", .string(image), "must not have leading or trailing whitespace")
        }
        oneOf("\(path).imagePullPolicy", container["imagePullPolicy"], ["Always", "IfNotPresent", "Never"], &errors)
        oneOf("\(path).terminationMessagePolicy", container["terminationMessagePolicy"], ["FallbackToLogsOnError", "File"], &errors)
        for (index, port) in container.list("ports").enumerated() {
            if !(1...65535).contains(port["containerPort"]?.integer ?? 0) {
                errors.invalid("\(path).ports[\(index)].containerPort", port["containerPort"], "must be between 1 and 65535, inclusive")
            }
            oneOf("\(path).ports[\(index)].protocol", port["protocol"], ["SCTP", "TCP", "UDP"], &errors)
        }
        var paths: Set<String> = []
        for (index, mount) in container.list("volumeMounts").enumerated() {
            let field = "\(path).volumeMounts[\(index)]"
            if !volumes.contains(mount.text("name")) { errors.notFound("\(field).name", mount.text("name")) }
            let target = mount.text("mountPath")
            if target.isEmpty { errors.required("\(field).mountPath") }
            if !paths.insert(target).inserted { errors.invalid("\(field).mountPath", .string(target), "must be unique") }
        }
        for (index, variable) in container.list("env").enumerated() where variable.text("name").isEmpty {
            errors.required("\(path).env[\(index)].name")
        }
        resources(container["resources"], "\(path).resources", &errors)
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            guard let value = container[probe] else { continue }
            let handlers = ["exec", "httpGet", "tcpSocket", "grpc"].filter { value[$0] != nil }
            if handlers.isEmpty { errors.required("\(path).\(probe)", "must specify a handler type") }
            if handlers.count > 1 { errors.forbidden("\(path).\(probe).\(handlers[1])", "may not specify more than 1 handler type") }
        }
    }

    static func resources(_ resources: JSONValue?, _ path: String, _ errors: inout FieldErrors) {
        for list in ["limits", "requests"] {
            for (name, value) in (resources?[list]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
                guard let text = value.string, let quantity = Quantity(text) else {
                    errors.invalid(
                        "\(path).\(list)[\(name)]", value,
                        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
                    continue
                }
                if quantity < Quantity(0) { errors.invalid("\(path).\(list)[\(name)]", value, "must be greater than or equal to 0") }
                guard list == "requests", let limit = resources?["limits", name]?.string.flatMap({ Quantity($0) }), limit < quantity else { continue }
                errors.invalid("\(path).requests", value, "must be less than or equal to \(name) limit of \(limit.text)")
            }
        }
    }

    private static func oneOf(_ field: String, _ value: JSONValue?, _ allowed: [String], _ errors: inout FieldErrors) {
        guard let value, !allowed.contains(value.string ?? "") else { return }
        errors.unsupported(field, value, allowed)
    }
}
