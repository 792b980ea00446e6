package import KubeModel

/// The certificate to be used, of the two that a node's files may hold: the one that the kubeconfig names or contains, and
/// `pki/kubelet-client-current.pem`. Upgrades, copies and restored backups leave one that has ended beside one that is valid.
package struct IdentityChoice: Sendable {
    package struct Candidate: Sendable {
        /// A path, or the kubeconfig's field.
        package let place: String
        /// Absent: it cannot be read, for the reason in `problem`.
        package let info: CertificateInfo?
        package let problem: String

        package init(place: String, info: CertificateInfo?, problem: String = "") {
            self.place = place
            self.info = info
            self.problem = problem
        }
    }

    package enum Decision: Sendable, Hashable {
        case kubeconfig
        case current
        /// None is valid yet: the clock is behind, or the certificate's authority ahead.
        case early
        case none
    }

    /// Absent when the kubeconfig names `current` itself.
    let kubeconfig: Candidate?
    let current: Candidate?
    /// `system:node:NAME`. A `current` of another node is left alone.
    let user: String
    /// Whether this agent renews the certificate.
    let rotates: Bool

    package init(kubeconfig: Candidate?, current: Candidate?, user: String, rotates: Bool) {
        self.kubeconfig = kubeconfig
        self.current = current
        self.user = user
        self.rotates = rotates
    }

    package func decision(at now: Timestamp) -> Decision {
        let own = current?.info.flatMap { $0.commonName == user ? $0 : nil }
        let standings = (kubeconfig?.info?.standing(at: now), own?.standing(at: now))
        switch standings {
        case (.valid, .valid):
            // The renewed certificate began later, unless the node has joined anew.
            guard rotates, let given = kubeconfig?.info, let own else { return .kubeconfig }
            return own.notBefore > given.notBefore ? .current : .kubeconfig
        case (.valid, _): return .kubeconfig
        case (_, .valid): return .current
        case (.early, _), (_, .early): return .early
        default: return .none
        }
    }

    /// Both places with their dates, for a message.
    package func description(at now: Timestamp) -> String {
        let texts = [kubeconfig, current].compactMap { candidate -> String? in
            guard let candidate else { return nil }
            guard let info = candidate.info else { return "\(candidate.place): \(candidate.problem)" }
            let name = info.commonName == user ? "" : " (it is of \(info.commonName))"
            switch info.standing(at: now) {
            case .early: return "\(candidate.place) is valid from \(info.notBefore.rfc3339())\(name)"
            case .valid: return "\(candidate.place) is valid until \(info.notAfter.rfc3339())\(name)"
            case .ended: return "\(candidate.place) has ended at \(info.notAfter.rfc3339())\(name)"
            }
        }
        return texts.joined(separator: "; ")
    }
}
