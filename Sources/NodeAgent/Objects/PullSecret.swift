import FoundationEssentials
package import KubeModel
package import PodCore

/// The registry credentials of a pull secret: `.dockerconfigjson`, or the older `.dockercfg`.
package struct PullSecret: Sendable, Hashable {
    package let credentials: [RegistryCredential]
    /// The parts of the secret that cannot be read, each with the reason. They contain no part of a password.
    package let problems: [String]

    package init(_ secret: Secret) {
        let known: [(key: String, form: DockerCredentials.Form)] = [(".dockerconfigjson", .config), (".dockercfg", .entries)]
        guard let (key, form) = known.first(where: { secret.data?[$0.key] != nil }), let encoded = secret.data?[key] else {
            credentials = []
            problems = ["it has neither .dockerconfigjson nor .dockercfg"]
            return
        }
        guard let data = Data(base64Encoded: encoded) else {
            credentials = []
            problems = ["\(key) is not base64"]
            return
        }
        let found = DockerCredentials(data, form: form)
        credentials = found.credentials
        problems = found.problems.map { "\(key): \($0)" }
    }
}
