import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// AppArmor on this host: whether there is any, and the profile that containers have when they ask for no other.
final class AppArmor: Sendable {
    /// Of what Kubernetes calls `RuntimeDefault`.
    static let defaultProfile = "swiftlet-default"

    struct Host: Sendable {
        /// The kernel enforces AppArmor, by the module's parameter, and securityfs.
        var parameter = "/sys/module/apparmor/parameters/enabled"
        var directory = "/sys/kernel/security/apparmor"
        var parsers = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"]
    }

    private let host: Host
    private let scratchDirectory: String
    let isEnabled: Bool
    private let parser: String?
    /// This agent's text of the profile is in the kernel, and not only that of another version.
    private let isCurrent = Mutex(false)

    /// - Parameter scratchDirectory: for files without names. Blocking for a moment.
    init(host: Host = Host(), scratchDirectory: String) {
        self.host = host
        self.scratchDirectory = scratchDirectory
        isEnabled = (try? SmallFile.line(host.parameter)) == "Y" && access(host.directory, F_OK) == 0
        parser = host.parsers.first { access($0, X_OK) == 0 }
    }

    /// The profile for a container; `nil` for none. A requested profile that cannot be had is refused, as by kubelet's admission; what it does
    /// not ask for is left out where the host lacks it.
    func profile(for choice: ContainerConfiguration.AppArmorChoice?, privileged: Bool) async throws(RuntimeFailure) -> String? {
        switch choice {
        case .unconfined: return nil
        case .localhost(let profile):
            guard isEnabled else { throw Self.notEnabled }
            guard try isLoaded(profile) else {
                throw RuntimeFailure(
                    .create, "Cannot enforce AppArmor: profile \"\(profile)\" is not loaded: load it with apparmor_parser on this node")
            }
            return profile
        case .runtimeDefault:
            guard isEnabled else { throw Self.notEnabled }
            guard parser != nil else {
                throw RuntimeFailure(.create, "Cannot enforce AppArmor: found no \(host.parsers[0]) to load the default profile: install apparmor")
            }
        case nil:
            guard isEnabled, parser != nil else { return nil }
        }
        if privileged { return nil }
        try await loadDefault()
        return Self.defaultProfile
    }

    private static let notEnabled = RuntimeFailure(.create, "Cannot enforce AppArmor: AppArmor is not enabled on the host")

    /// Lines of `name (mode)`.
    private func isLoaded(_ profile: String) throws(RuntimeFailure) -> Bool {
        do throws(SystemError) {
            return try SmallFile.text(host.directory + "/profiles", limit: 16 << 20).split(separator: "\n").contains { line in
                line.hasPrefix(profile + " (")
            }
        } catch {
            throw RuntimeFailure(.create, "Cannot enforce AppArmor: the loaded profiles cannot be read: \(error)")
        }
    }

    /// Once for each agent, and again when the profile was unloaded. Two at a time do no harm: the later replaces with the same.
    private func loadDefault() async throws(RuntimeFailure) {
        if isCurrent.withLock({ $0 }), try isLoaded(Self.defaultProfile) { return }
        guard let parser else { return }
        do {
            let text = try AnonymousFile.make(in: scratchDirectory, content: Array(Self.defaultText.utf8))
            let complaints = try AnonymousFile.make(in: scratchDirectory)
            try systemCall("lseek") { text.withRawValue { lseek($0, 0, SEEK_SET) } }
            // Replaced rather than added, and not from a cache that belongs to the distribution.
            let child = try ChildProcess(
                .init(executable: parser, arguments: [parser, "--replace", "--skip-cache"], descriptors: [text, nil, complaints]))
            let status = try await child.exitStatus(timeout: .seconds(60))
            guard status.isSuccess else {
                try systemCall("lseek") { complaints.withRawValue { lseek($0, 0, SEEK_SET) } }
                let said = String(decoding: try complaints.read(upTo: 1000), as: UTF8.self)
                throw RuntimeFailure(.create, "Cannot enforce AppArmor: \(parser) does not load \(Self.defaultProfile) (\(status)): \(said)")
            }
        } catch let failure as RuntimeFailure {
            throw failure
        } catch {
            throw RuntimeFailure(.create, "Cannot enforce AppArmor: \(Self.defaultProfile) cannot be loaded: \(error)")
        }
        isCurrent.withLock { $0 = true }
    }

    /// A second lock behind namespaces, capabilities and masked paths: no mounts, no kernel settings, nothing of processes outside.
    /// Without includes, so that it does not depend on what the distribution has in /etc/apparmor.d.
    static let defaultText = """
        profile \(defaultProfile) flags=(attach_disconnected,mediate_deleted) {
          network,
          capability,
          file,
          umount,

          # Of each other, and from the node's unconfined processes that stop containers.
          signal (send, receive) peer=\(defaultProfile),
          signal (receive) peer=unconfined,
          ptrace (trace, read, tracedby, readby) peer=\(defaultProfile),

          deny mount,

          # Settings of the kernel and ways into its memory. What belongs to the container's own namespaces stays.
          deny /proc/sys/[^kn]** wklx,
          deny /proc/sys/kernel/[^sm]** wklx,
          deny /proc/sys/kernel/s[^eh]** wklx,
          deny /proc/sys/kernel/seccomp/** wklx,
          deny /proc/sys/kernel/m[^s]** wklx,
          deny /proc/sysrq-trigger rwklx,
          deny /proc/kcore rwklx,
          deny /proc/kmem rwklx,
          deny /proc/mem rwklx,
          deny /sys/[^f]** wklx,
          deny /sys/f[^s]** wklx,
          deny /sys/fs/[^c]** wklx,
          deny /sys/fs/c[^g]** wklx,
          deny /sys/firmware/** rwklx,
          deny /sys/devices/virtual/powercap/** rwklx,
          deny /sys/kernel/security/** rwklx,
        }

        """
}
