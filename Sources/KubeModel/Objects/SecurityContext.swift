/// `core/v1 SecurityContext`: of one container, where set it wins over the pod's.
package struct SecurityContext: Sendable, Hashable, Codable {
    package var capabilities: Capabilities?
    package var privileged: Bool?
    package var runAsUser: Int64?
    package var runAsGroup: Int64?
    package var runAsNonRoot: Bool?
    package var readOnlyRootFilesystem: Bool?
    package var allowPrivilegeEscalation: Bool?
    package var procMount: String?
    package var seccompProfile: SecurityProfile?
    package var appArmorProfile: SecurityProfile?
    package var seLinuxOptions: SELinuxOptions?
}

/// `core/v1 PodSecurityContext`.
package struct PodSecurityContext: Sendable, Hashable, Codable {
    package var runAsUser: Int64?
    package var runAsGroup: Int64?
    package var runAsNonRoot: Bool?
    package var supplementalGroups: [Int64]?
    package var supplementalGroupsPolicy: String?
    package var fsGroup: Int64?
    package var fsGroupChangePolicy: String?
    package var sysctls: [Sysctl]?
    package var seccompProfile: SecurityProfile?
    package var appArmorProfile: SecurityProfile?
    package var seLinuxOptions: SELinuxOptions?
    package var seLinuxChangePolicy: String?
}

package struct Capabilities: Sendable, Hashable, Codable {
    package var add: [String]?
    package var drop: [String]?
}

package struct Sysctl: Sendable, Hashable, Codable {
    package var name: String
    package var value: String
}

/// A seccomp or AppArmor profile reference: `RuntimeDefault`, `Localhost` or `Unconfined`.
package struct SecurityProfile: Sendable, Hashable, Codable {
    package var type: String
    package var localhostProfile: String?
}

package struct SELinuxOptions: Sendable, Hashable, Codable {
    package var user: String?
    package var role: String?
    package var type: String?
    package var level: String?
}
