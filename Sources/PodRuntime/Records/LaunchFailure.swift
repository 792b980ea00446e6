import CLinux
import Glibc
import PodCore
import ShimClient

/// The shim's refusal of a container in Kubernetes' words.
enum LaunchFailure {
    static func failure(_ refusal: ShimStatus, program: String) -> RuntimeFailure {
        guard refusal.step == SWL_STEP_EXEC.rawValue else { return refusal.failure(.create, "start the container") }
        return RuntimeFailure(.start, execText(refusal, program: program))
    }

    /// `exec: "prog": why`. A path that does not exist is explained by the call that found out, as everywhere in Kubernetes.
    static func execText(_ refusal: ShimStatus, program: String) -> String {
        if refusal.errno == ENOENT, program.contains("/") {
            return "exec: \"\(program)\": stat \(program): no such file or directory"
        }
        return refusal.text.isEmpty ? "exec: \"\(program)\": errno \(refusal.errno)" : refusal.text
    }
}
