import KubeModel

/// A version of Kubernetes, and the rule for the one that this node reports: no kubelet may be newer than its API server.
package struct KubernetesVersion: Sendable, Hashable, CustomStringConvertible {
    package let minor: Int
    package let patch: Int

    /// The kubelet that this agent replaces.
    package static let newest = KubernetesVersion(minor: 36, patch: 2)
    /// The oldest API server that this agent was made for.
    package static let oldest = KubernetesVersion(minor: 33, patch: 0)

    package init(minor: Int, patch: Int) {
        self.minor = minor
        self.patch = patch
    }

    /// Reads a version as API servers write it, with or without a distribution's suffix: `v1.35.1`, `v1.34.2+k3s1`, `v1.33.0-eks-1`.
    package init?(gitVersion: String) {
        let numbers = gitVersion.drop { $0 == "v" }.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map { part in
            Int(part.prefix { $0.isASCII && $0.isNumber })
        }
        guard numbers.count == 3, numbers[0] == 1, let minor = numbers[1], let patch = numbers[2] else { return nil }
        self.init(minor: minor, patch: patch)
    }

    package var description: String { "v1.\(minor).\(patch)" }

    /// The version to report beside an API server of version `server`.
    package static func reported(beside server: KubernetesVersion) -> KubernetesVersion {
        if server.minor >= newest.minor { return newest }
        return KubernetesVersion(minor: max(server.minor, oldest.minor), patch: 0)
    }
}

/// The API server's answer at `/version`.
package struct ServerVersion: Sendable, Hashable, Decodable {
    package let gitVersion: String

    package init(gitVersion: String) {
        self.gitVersion = gitVersion
    }
}
