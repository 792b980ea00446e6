package import KubeModel

/// One certificate of the node, as an operator sees it.
package struct CertificateReport: Sendable, Hashable {
    /// `client`, `serving`, `API server CA`, `client CA`.
    package let role: String
    /// A path, or a field of the kubeconfig.
    package let place: String
    /// Whether the agent uses it. Its files may hold another client certificate.
    package let isUsed: Bool
    /// Whether the agent replaces it before its end.
    package let isRenewed: Bool
    /// Absent: it cannot be read, for the reason in `problem`.
    package let info: CertificateInfo?
    package let problem: String

    package init(role: String, place: String, isUsed: Bool = true, isRenewed: Bool = false, info: CertificateInfo?, problem: String = "") {
        self.role = role
        self.place = place
        self.isUsed = isUsed
        self.isRenewed = isRenewed
        self.info = info
        self.problem = problem
    }

    /// Whether the node cannot work with it: it is missing or its time is over or not begun.
    package func isBad(at now: Timestamp) -> Bool { isUsed && info?.isValid(at: now) != true }
}
