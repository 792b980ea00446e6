import FoundationEssentials

extension OCISpec.Hook {
    /// The environment of a hook that states none: that of this process.
    static var hostEnvironment: [String] { ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }.sorted() }
}

extension OCISpec.Hooks {
    /// The hooks of all moments.
    var all: [OCISpec.Hook] {
        [prestart, createRuntime, createContainer, startContainer, poststart, poststop].flatMap { $0 ?? [] }
    }
}
