package import CLinux
import Glibc
package import PodCore

/// Why the shim refused, or went on without something: the step, its errno and a text for people.
package struct ShimStatus: Sendable, Hashable {
    package let step: swl_step.RawValue
    package let errno: Int32
    package let text: String

    /// Returns true if the shim refused with this errno.
    package func `is`(_ number: Int32) -> Bool { errno == number }

    /// The object does not exist or does not run (any more).
    package var isGone: Bool { step == SWL_STEP_LOOKUP.rawValue || errno == ESRCH }

    /// The shim is older than the verb, or than a field of the record.
    var isOfEarlierVersion: Bool { errno == ENOTSUP && (step == SWL_STEP_MESSAGE.rawValue || step == SWL_STEP_RECORD.rawValue) }

    /// The step as the documentation names it.
    var stepName: String {
        switch swl_step(step) {
        case SWL_STEP_MESSAGE: "message"
        case SWL_STEP_RECORD: "record"
        case SWL_STEP_LOOKUP: "look-up"
        case SWL_STEP_SPAWN: "spawn"
        case SWL_STEP_STATE_FILE: "state file"
        case SWL_STEP_LOG: "log file"
        case SWL_STEP_STDIO: "standard streams"
        case SWL_STEP_CLONE: "clone"
        case SWL_STEP_CGROUP: "cgroup"
        case SWL_STEP_NAMESPACES: "namespaces"
        case SWL_STEP_PROPAGATION: "mount propagation"
        case SWL_STEP_ROOTFS: "root file system"
        case SWL_STEP_MOUNT: "mount"
        case SWL_STEP_DEVICES: "devices"
        case SWL_STEP_MASKED_PATH: "masked path"
        case SWL_STEP_READONLY_PATH: "read-only path"
        case SWL_STEP_PIVOT_ROOT: "pivot_root"
        case SWL_STEP_HOSTNAME: "hostname"
        case SWL_STEP_SYSCTL: "sysctl"
        case SWL_STEP_RLIMIT: "rlimit"
        case SWL_STEP_OOM_SCORE_ADJ: "oom_score_adj"
        case SWL_STEP_SESSION: "session"
        case SWL_STEP_USER: "user"
        case SWL_STEP_CAPABILITIES: "capabilities"
        case SWL_STEP_NO_NEW_PRIVILEGES: "no_new_privs"
        case SWL_STEP_SECCOMP: "seccomp"
        case SWL_STEP_CWD: "working directory"
        case SWL_STEP_CLOSE_FDS: "closing descriptors"
        case SWL_STEP_EXEC: "exec"
        case SWL_STEP_SIGNAL: "signal"
        case SWL_STEP_LIMIT: "limit"
        case SWL_STEP_TERMINAL: "terminal"
        case SWL_STEP_APPARMOR: "AppArmor"
        case SWL_STEP_USER_NAMESPACE: "user namespace"
        default: "step \(step)"
        }
    }

    /// `step: text`
    package var explanation: String { text.isEmpty ? "\(stepName) failed with errno \(errno)" : "\(stepName): \(text)" }

    /// The refusal as a failure of `what`, which names what was to be done.
    package func failure(_ code: RuntimeFailure.Code, _ what: String) -> RuntimeFailure {
        guard isOfEarlierVersion else { return RuntimeFailure(code, explanation) }
        return RuntimeFailure(
            .notSupported,
            "\(what): this pod's shim is of an earlier version and refuses (\(explanation)); a shim stays with its pod, so delete the pod to have it made anew"
        )
    }
}
