/// The result of a hook.
package enum HookResult: Sendable, Hashable {
    case done
    /// - Parameter message: as kubelet writes it. It may contain the hook's output, which the events leave out.
    case failed(message: String)
}
