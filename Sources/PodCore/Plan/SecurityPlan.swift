package import KubeModel

/// The security settings of a container, decided from pod, container and image. Unknown settings are refused, not dropped.
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
    /// `nil` when the pod says nothing.
    package let appArmor: ContainerConfiguration.AppArmorChoice?

    /// The capabilities that the common container runtimes grant by default.
    package static let defaultCapabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ]

    /// The capabilities in the order of their numbers in `linux/capability.h`.
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

    /// The kernel's limit of supplementary groups of one process (NGROUPS_MAX).
    private static let maxGroups = 65536

    /// - Parameters:
    ///   - user: the effective user string as the image's account files resolve it.
    ///   - storageGroups: supplementary groups besides those of the pod and the image.
    ///   - seccompRoot: where `localhostProfile` paths begin (`<root>/seccomp`).
    package init(
        pod: Pod, container: Container, imageUser: String, user: ImageUser, storageGroups: [UInt32] = [], seccompDefault: Bool,
        seccompRoot: String
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
        additionalGids = try Self.groups(podContext, primary: gid, ofImage: user.additionalGids, ofStorage: storageGroups)
        if pod.spec.hostUsers == false { try Self.verifyMapped([uid] + additionalGids) }
        capabilities = isPrivileged ? Self.allCapabilities : try Self.capabilities(context?.capabilities)
        noNewPrivileges = context?.allowPrivilegeEscalation == false
        let profile = context?.seccompProfile ?? podContext?.seccompProfile
        // Checked also for privileged containers, which do not use it: a wrong profile must be refused.
        let chosen = try Self.seccomp(profile, byDefault: seccompDefault, root: seccompRoot)
        seccomp = isPrivileged ? .unconfined : chosen
        let isUnmasked = try Self.isUnmasked(pod, container) || isPrivileged
        maskedPaths = isUnmasked ? [] : Self.defaultMaskedPaths
        readonlyPaths = isUnmasked ? [] : Self.defaultReadonlyPaths
        appArmor = try AppArmorRules.choice(pod, container)
    }

    /// Kubernetes' bounds of user and group ids (`IsValidUserID`): some programs would take an id with the sign bit for root's.
    static func identifier(_ value: Int64?, _ field: String) throws(PlanFailure) -> UInt32? {
        guard let value else { return nil }
        guard let id = UInt32(exactly: value), id <= Int32.max else {
            throw PlanFailure("\(field) \(value) is out of range: wanted 0 to \(Int32.max)")
        }
        return id
    }

    /// The user string for the image's account files to resolve: the pod's number, else the image's own user.
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
        } else {
            let name = imageUser.prefix { $0 != ":" }
            if !name.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
                throw PlanFailure("container has runAsNonRoot and image has non-numeric user (\(name)), cannot verify user is non-root \(place)")
            }
        }
        // The check is on the number with which the program runs, wherever it was set.
        if user.uid == 0 { throw PlanFailure("container has runAsNonRoot and image will run as root \(place)") }
    }

    /// All groups of the process. The primary one is among them: a program that changes its primary group must not lose it, because a file
    /// may be closed to that very group (CVE-2022-2989 and its relatives).
    private static func groups(
        _ context: PodSecurityContext?, primary: UInt32, ofImage: [UInt32], ofStorage: [UInt32]
    ) throws(PlanFailure) -> [UInt32] {
        var wanted = [primary]
        switch context?.supplementalGroupsPolicy {
        case nil, "Merge": wanted += ofImage
        case "Strict": break
        case let other?: throw PlanFailure("unknown supplementalGroupsPolicy \"\(other)\": wanted Merge or Strict")
        }
        if let fsGroup = try identifier(context?.fsGroup, "fsGroup") { wanted.append(fsGroup) }
        for group in context?.supplementalGroups ?? [] {
            if let id = try identifier(group, "supplementalGroups") { wanted.append(id) }
        }
        wanted += ofStorage
        var seen: Set<UInt32> = []
        let groups = wanted.filter { seen.insert($0).inserted }
        guard groups.count <= maxGroups else { throw PlanFailure("found \(groups.count) supplementary groups, wanted at most \(maxGroups)") }
        return groups
    }

    /// The kernel refuses other ids without naming them.
    private static func verifyMapped(_ ids: [UInt32]) throws(PlanFailure) {
        guard let beyond = ids.first(where: { $0 >= SandboxConfiguration.idsPerUserNamespace }) else { return }
        throw PlanFailure(
            "the container would run with the user or group \(beyond): a pod with hostUsers: false has 0 to "
                + "\(SandboxConfiguration.idsPerUserNamespace - 1)")
    }

    /// Adds to and drops from the default set. With ALL in both lists, only the capabilities added by name remain.
    private static func capabilities(_ changes: Capabilities?) throws(PlanFailure) -> [String] {
        let add = try (changes?.add ?? []).map(normalised)
        let drop = try (changes?.drop ?? []).map(normalised)
        var granted = Set(drop.contains("ALL") ? [] : add.contains("ALL") ? allCapabilities : defaultCapabilities)
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
            // An empty name would name the folder and an absolute one any file. Neither may become "no profile" (CVE-2023-2431).
            guard let path = profile?.localhostProfile, !path.isEmpty, !path.hasPrefix("/"), !path.split(separator: "/").contains(".."),
                !path.utf8.contains(0)
            else {
                throw PlanFailure("localhostProfile must be set to a path below \(root) if seccompProfile type is Localhost")
            }
            return .localhost(path: root + "/" + path)
        case let other?: throw PlanFailure("unknown seccomp profile type \"\(other)\": wanted RuntimeDefault, Localhost or Unconfined")
        }
    }

    /// An unmasked /proc shows and changes the node, unless the pod has a user namespace.
    private static func isUnmasked(_ pod: Pod, _ container: Container) throws(PlanFailure) -> Bool {
        switch container.securityContext?.procMount {
        case nil, "Default": return false
        case "Unmasked":
            guard pod.spec.hostUsers == false else {
                throw PlanFailure("procMount Unmasked of container \(container.name) needs a user namespace: set the pod's hostUsers to false")
            }
            return true
        case let other?: throw PlanFailure("unknown procMount \"\(other)\": wanted Default or Unmasked")
        }
    }
}
