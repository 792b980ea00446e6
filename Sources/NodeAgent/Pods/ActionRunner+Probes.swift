import PodCore

extension ActionRunner {
    func probe(_ kind: ProbeKind, of name: String, id: String, sandboxID: String, _ snapshot: PodSnapshot) async -> ProbeResult {
        .unknown(message: "")
    }
    func runHook(_ hook: HookKind, of name: String, id: String, sandboxID: String, timeout: Duration?, _ snapshot: PodSnapshot) async -> HookResult {
        .done
    }
}
