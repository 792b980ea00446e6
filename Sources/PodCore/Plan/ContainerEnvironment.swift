import FoundationEssentials
package import KubeModel

/// Builds a container's environment from its spec, in kubelet's order: `envFrom`, then `env`, then the Services' variables.
package struct ContainerEnvironment: Sendable {
    /// Names in the order in which they were first set.
    package private(set) var names: [String] = []
    private var values: [String: String] = [:]

    package init(
        container: Container, facts: PodFacts, objects: ReferencedObjects, files: EnvironmentFiles = EnvironmentFiles(), services: [String: String]
    ) throws(PlanFailure) {
        for source in container.envFrom ?? [] { try add(source, facts.pod, objects) }
        for variable in container.env ?? [] {
            if let value = try Self.value(of: variable, container, facts, objects, files, resolve: { values[$0] ?? services[$0] }) {
                set(variable.name, value)
            }
        }
        for (name, value) in services.sorted(by: { $0.key < $1.key }) where values[name] == nil { set(name, value) }
    }

    package subscript(name: String) -> String? { values[name] }

    private mutating func set(_ name: String, _ value: String) {
        if values.updateValue(value, forKey: name) == nil { names.append(name) }
    }

    private mutating func add(_ source: EnvFromSource, _ pod: Pod, _ objects: ReferencedObjects) throws(PlanFailure) {
        let prefix = source.prefix ?? ""
        if let reference = source.configMapRef, let name = reference.name {
            guard reference.optional != true || objects.configMaps[name] != nil else { return }
            for (key, value) in (try objects.configMap(name).data ?? [:]).sorted(by: { $0.key < $1.key }) { setIfValid(prefix + key, value) }
        }
        if let reference = source.secretRef, let name = reference.name {
            guard reference.optional != true || objects.secrets[name] != nil else { return }
            for (key, value) in (try objects.secret(name).data ?? [:]).sorted(by: { $0.key < $1.key }) {
                setIfValid(prefix + key, String(decoding: Data(base64Encoded: value) ?? Data(), as: UTF8.self))
            }
        }
    }

    /// Skips keys that cannot be names. A name is printable ASCII without `=` (RelaxedEnvironmentVariableValidation).
    private mutating func setIfValid(_ name: String, _ value: String) {
        guard !name.isEmpty, name.utf8.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") }) else { return }
        set(name, value)
    }

    /// `nil` when an optional source does not exist.
    private static func value(
        of variable: EnvVar, _ container: Container, _ facts: PodFacts, _ objects: ReferencedObjects, _ files: EnvironmentFiles,
        resolve: (String) -> String?
    ) throws(PlanFailure) -> String? {
        if let text = variable.value, !text.isEmpty { return VariableExpansion.expand(text, resolve) }
        guard let source = variable.valueFrom else { return "" }
        if let field = source.fieldRef { return try facts.field(field.fieldPath) }
        if let resource = source.resourceFieldRef { return try facts.resource(resource, ownContainer: container.name) }
        if let selector = source.configMapKeyRef {
            let name = selector.name ?? ""
            if selector.optional == true, objects.configMaps[name]?.data?[selector.key] == nil { return nil }
            guard let value = try objects.configMap(name).data?[selector.key] else {
                throw PlanFailure("couldn't find key \(selector.key) in ConfigMap \(facts.pod.namespace)/\(name)")
            }
            return value
        }
        if let selector = source.secretKeyRef {
            let name = selector.name ?? ""
            if selector.optional == true, objects.secrets[name]?.data?[selector.key] == nil { return nil }
            guard let encoded = try objects.secret(name).data?[selector.key] else {
                throw PlanFailure("couldn't find key \(selector.key) in Secret \(facts.pod.namespace)/\(name)")
            }
            return String(decoding: Data(base64Encoded: encoded) ?? Data(), as: UTF8.self)
        }
        if let selector = source.fileKeyRef { return try files.value(selector) }
        throw PlanFailure("environment variable \(variable.name): valueFrom names no source")
    }
}
