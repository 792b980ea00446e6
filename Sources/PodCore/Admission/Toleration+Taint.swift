import KubeModel

extension Toleration {
    /// Whether a pod with this toleration bears the taint (`ToleratesTaint`). The operators `Lt` and `Gt` are off in Kubernetes unless a feature
    /// gate turns them on, and match nothing.
    func tolerates(_ taint: Taint) -> Bool {
        if let effect, !effect.isEmpty, effect != taint.effect { return false }
        if let key, !key.isEmpty, key != taint.key { return false }
        switch self.operator ?? "" {
        case "", "Equal": return (value ?? "") == (taint.value ?? "")
        case "Exists": return true
        default: return false
        }
    }
}
