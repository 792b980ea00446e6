/// The result of a hook.
package enum HookResult: Sendable, Hashable {
    case done
    case failed(message: String)
}
