package import KubeModel

/// The security side of a container, decided from pod, container and image. Anything unknown is refused, not dropped.
package struct SecurityPlan: Sendable, Hashable {
    package let uid: UInt32
    package let gid: UInt32
    package let additionalGids: [UInt32]
    package let capabilities: [String]
    package let isPrivileged: Bool
    package let noNewPrivileges: Bool
    package let seccomp: ContainerConfiguration.SeccompChoice
    package let maskedPaths: [String]
    package let readonlyPaths: [String]

    /// What the common container runtimes grant by default.
    package static let defaultCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ]

    /// In the order of their numbers in `linux/capability.h`.
    package static let allCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
        "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
        "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP",
        "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
    ]

    package static let defaultMaskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ]

    package static let defaultReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// - Parameters:
    ///   - user: who the effective user string is in the image.
    ///   - seccompRoot: where `localhostProfile` paths begin (`<root>/seccomp`).
    package init(
        pod: Pod, container: Container, imageUser: String, user: ImageUser, seccompDefault: Bool, seccompRoot: String
    ) throws(PlanFailure) {
        let podContext = pod.spec.securityContext
        let context = container.securityContext
        try Self.verifyNonRoot(pod, container, imageUser: imageUser, user: user)
        isPrivileged = context?.privileged ?? false
        if isPrivileged, context?.allowPrivilegeEscalation == false {
            throw PlanFailure("cannot set allowPrivilegeEscalation to false and privileged to true (container: \(container.name))")
        }
        uid = user.uid
        gid = try Self.identifier(context?.runAsGroup ?? podContext?.runAsGroup, "runAsGroup") ?? user.gid
        var groups = podContext?.supplementalGroupsPolicy == "Strict" ? [] : user.additionalGids
        for group in (podContext?.supplementalGroups ?? []) + [podContext?.fsGroup].compactMap({ $0 }) {
            if let id = try Self.identifier(group, "supplemental group"), !groups.contains(id) { groups.append(id) }
        }
        additionalGids = groups
        capabilities = isPrivileged ? Self.allCapabilities : try Self.capabilities(context?.capabilities)
        noNewPrivileges = context?.allowPrivilegeEscalation == false
        let profile = context?.seccompProfile ?? podContext?.seccompProfile
        seccomp = isPrivileged ? .unconfined : try Self.seccomp(profile, byDefault: seccompDefault, root: seccompRoot)
        let isUnmasked = isPrivileged || context?.procMount == "Unmasked"
        maskedPaths = isUnmasked ? [] : Self.defaultMaskedPaths
        readonlyPaths = isUnmasked ? [] : Self.defaultReadonlyPaths
        let appArmor = context?.appArmorProfile ?? podContext?.appArmorProfile
        if let appArmor, appArmor.type == "Localhost" {
            throw PlanFailure("AppArmor profile \(appArmor.localhostProfile ?? "") cannot be applied: this node does not support AppArmor")
        }
    }

    private static func identifier(_ value: Int64?, _ what: String) throws(PlanFailure) -> UInt32? {
        guard let value else { return nil }
        guard let id = UInt32(exactly: value), id != .max else { throw PlanFailure("\(what) \(value) is out of range: wanted 0 to 4294967294") }
        return id
    }

    /// The user string that the image's account files have to resolve; `nil` uid means the image's own user.
    package static func effectiveUser(pod: Pod, container: Container, imageUser: String) throws(PlanFailure) -> String {
        guard let uid = try identifier(container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser, "runAsUser") else {
            return imageUser
        }
        return String(uid)
    }

    private static func verifyNonRoot(_ pod: Pod, _ container: Container, imageUser: String, user: ImageUser) throws(PlanFailure) {
        guard container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot ?? false else { return }
        let place = "(pod: \"\(pod.name)_\(pod.namespace)(\(pod.uid))\", container: \(container.name))"
        if let wanted = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser {
            if wanted == 0 { throw PlanFailure("container's runAsUser breaks non-root policy \(place)") }
            return
        }
        let name = imageUser.split(separator: ":").first.map(String.init) ?? ""
        if !name.isEmpty, UInt32(name) == nil {
            throw PlanFailure("container has runAsNonRoot and image has non-numeric user (\(name)), cannot verify user is non-root \(place)")
        }
        if user.uid == 0 { throw PlanFailure("container has runAsNonRoot and image will run as root \(place)") }
    }

    private static func capabilities(_ changes: Capabilities?) throws(PlanFailure) -> [String] {
        let add = try (changes?.add ?? []).map(normalised)
        let drop = try (changes?.drop ?? []).map(normalised)
        var granted = Set(add.contains("ALL") ? allCapabilities : drop.contains("ALL") ? [] : defaultCapabilities)
        granted.formUnion(add.filter { $0 != "ALL" })
        granted.subtract(drop.filter { $0 != "ALL" })
        return allCapabilities.filter(granted.contains)
    }

    private static func normalised(_ name: String) throws(PlanFailure) -> String {
        let upper = name.uppercased()
        if upper == "ALL" { return upper }
        let full = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
        guard allCapabilities.contains(full) else {
            throw PlanFailure("unknown capability \"\(name)\": wanted a name of capabilities(7) without CAP_, or ALL")
        }
        return full
    }

    private static func seccomp(
        _ profile: SecurityProfile?, byDefault: Bool, root: String
    ) throws(PlanFailure) -> ContainerConfiguration.SeccompChoice {
        switch profile?.type {
        case nil: return byDefault ? .runtimeDefault : .unconfined
        case "Unconfined": return .unconfined
        case "RuntimeDefault": return .runtimeDefault
        case "Localhost":
            guard let path = profile?.localhostProfile, !path.isEmpty, !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw PlanFailure("localhostProfile must be set to a path below \(root) if seccompProfile type is Localhost")
            }
            return .localhost(path: root + "/" + path)
        case let other?: throw PlanFailure("unknown seccomp profile type \"\(other)\": wanted RuntimeDefault, Localhost or Unconfined")
        }
    }
}
