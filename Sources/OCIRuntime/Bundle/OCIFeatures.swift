import FoundationEssentials
import PodCore
import ShimClient

/// The output of `features`: the parts of the specification that this runtime supports.
struct OCIFeatures: Sendable, Encodable {
    /// The version of the runtime specification that is implemented.
    static let specification = "1.2.0"
    static let seccompActions = [
        "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE",
        "SCMP_ACT_TRAP",
    ]

    private struct Enabled: Sendable, Encodable {
        let enabled: Bool
    }

    private struct Linux: Sendable, Encodable {
        let namespaces = ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]
        let capabilities = CapabilityName.all
        let cgroup = Cgroup()
        let seccomp = Seccomp()
        let apparmor = Enabled(enabled: true)
        let selinux = Enabled(enabled: false)
        let intelRdt = Enabled(enabled: false)
        let mountExtensions = ["idmap": Enabled(enabled: true)]
    }

    private struct Cgroup: Sendable, Encodable {
        let v1 = false
        let v2 = true
        let systemd = false
        let systemdUser = false
        let rdma = true
    }

    private struct Seccomp: Sendable, Encodable {
        let enabled = true
        let actions = OCIFeatures.seccompActions
        let operators = ["SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"]
        let knownFlags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]
        let supportedFlags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]
    }

    private let ociVersionMin = "1.0.0"
    private let ociVersionMax = Self.specification
    private let hooks = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    private let mountOptions = OCIMount.Options.known
    private let linux = Linux()

    func json() throws(RuntimeFailure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            throw RuntimeFailure(.internal, "the features cannot be written as JSON: \(error)")
        }
    }
}
