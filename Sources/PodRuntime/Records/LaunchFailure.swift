import CLinux
import Glibc
import PodCore
import ShimClient

/// The shim's refusal of a container in Kubernetes' words.
enum LaunchFailure {
    static func failure(_ refusal: ShimStatus, args: [String], env: [String] = []) -> RuntimeFailure {
        guard refusal.step == SWL_STEP_EXEC.rawValue else { return refusal.failure(.create, "start the container") }
        return RuntimeFailure(.start, execText(refusal, args: args, env: env))
    }

    /// `exec: "prog": why`. A path that does not exist is explained by the call that found out, as everywhere in Kubernetes.
    static func execText(_ refusal: ShimStatus, args: [String], env: [String]) -> String {
        let program = args.first ?? ""
        if refusal.errno == E2BIG { return "exec: \"\(program)\": argument list too long: \(ArgumentLimit.explanation(args: args, env: env))" }
        if refusal.errno == ENOENT, program.contains("/") {
            return "exec: \"\(program)\": stat \(program): no such file or directory"
        }
        return refusal.text.isEmpty ? "exec: \"\(program)\": errno \(refusal.errno)" : refusal.text
    }
}
