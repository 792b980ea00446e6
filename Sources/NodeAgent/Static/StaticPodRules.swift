import KubeModel
import PodCore

/// The checks of the API server that the agent relies on, for pods that never pass it.
enum StaticPodRules {
    static func check(_ pod: Pod) throws(ManifestProblem) {
        guard DNSName.isSubdomain(pod.name) else {
            throw invalid("metadata.name", pod.name, "labels of a-z, 0-9 and - with dots between them, with the node's name at most 253 characters")
        }
        guard DNSName.isLabel(pod.namespace) else { throw invalidLabel("metadata.namespace", pod.namespace) }
        guard !pod.spec.containers.isEmpty else { throw ManifestProblem("invalid pod: spec.containers: found none, wanted at least one") }
        guard pod.spec.ephemeralContainers?.isEmpty != false else {
            throw ManifestProblem("invalid pod: spec.ephemeralContainers: a new pod has none: remove them")
        }
        let volumes = pod.spec.volumes ?? []
        try checkNames(volumes.map(\.name), "spec.volumes")
        for volume in volumes { try checkSteps(volume.hostPath?.path, "spec.volumes[\(volume.name)].hostPath.path") }
        try checkNames(((pod.spec.initContainers ?? []) + pod.spec.containers).map(\.name), "spec.containers")
        for container in (pod.spec.initContainers ?? []) + pod.spec.containers { try check(container, Set(volumes.map(\.name))) }
    }

    private static func check(_ container: Container, _ volumes: Set<String>) throws(ManifestProblem) {
        let field = "spec.containers[\(container.name)]"
        guard container.image?.isEmpty == false else { throw ManifestProblem("invalid pod: \(field).image: found none, wanted an image") }
        for mount in container.volumeMounts ?? [] {
            guard volumes.contains(mount.name) else {
                throw ManifestProblem("invalid pod: \(field).volumeMounts: found '\(mount.name)', wanted the name of one of spec.volumes")
            }
            try checkSteps(mount.subPath, "\(field).volumeMounts[\(mount.name)].subPath")
        }
    }

    /// Names become parts of paths.
    private static func checkNames(_ names: [String], _ field: String) throws(ManifestProblem) {
        var seen: Set<String> = []
        for name in names {
            guard DNSName.isLabel(name) else { throw invalidLabel("\(field)[].name", name) }
            guard seen.insert(name).inserted else { throw ManifestProblem("invalid pod: \(field): found '\(name)' twice, wanted different names") }
        }
    }

    private static func checkSteps(_ path: String?, _ field: String) throws(ManifestProblem) {
        guard let path, path.split(separator: "/").contains("..") else { return }
        throw ManifestProblem("invalid pod: \(field): found '\(path)', wanted a path without '..'")
    }

    private static func invalidLabel(_ field: String, _ found: String) -> ManifestProblem {
        invalid(field, found, "at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit")
    }

    private static func invalid(_ field: String, _ found: String, _ wanted: String) -> ManifestProblem {
        ManifestProblem("invalid pod: \(field): found '\(found.prefix(80))', wanted \(wanted)")
    }
}
