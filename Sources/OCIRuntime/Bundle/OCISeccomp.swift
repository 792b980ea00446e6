import PodCore
import ShimClient

extension SeccompProfile {
    /// `linux.seccomp`.
    init(_ seccomp: OCISpec.Seccomp) throws(RuntimeFailure) {
        let place = "linux.seccomp"
        guard (seccomp.listenerPath ?? "").isEmpty, (seccomp.listenerMetadata ?? "").isEmpty else {
            throw OCIBundle.unsupported(place + ".listenerPath")
        }
        let defaultAction = try Self.action(seccomp.defaultAction, seccomp.defaultErrnoRet, place + ".defaultAction")
        var rules: [Rule] = []
        for (index, call) in (seccomp.syscalls ?? []).enumerated() {
            let place = "\(place).syscalls[\(index)]"
            guard !call.names.isEmpty else { throw OCIBundle.invalid(place + ".names", "none", "at least one") }
            var rule = Rule(names: call.names, action: try Self.action(call.action, call.errnoRet, place + ".action"))
            for argument in call.args ?? [] {
                guard argument.index <= 5, let comparison = Comparison(rawValue: argument.op) else {
                    throw OCIBundle.invalid(place + ".args", "\(argument.op) of argument \(argument.index)", "SCMP_CMP_... of 0 to 5")
                }
                rule.arguments.append(
                    Argument(index: argument.index, value: argument.value, valueTwo: argument.valueTwo ?? 0, comparison: comparison))
            }
            rules.append(rule)
        }
        self.init(
            defaultAction: defaultAction, architectures: seccomp.architectures ?? [], flags: try Self.flags(seccomp.flags ?? [], place), rules: rules)
    }

    private static func action(_ name: String, _ number: UInt64?, _ place: String) throws(RuntimeFailure) -> Action {
        // EPERM is the specification's default.
        guard let errno = UInt16(exactly: number ?? 1), errno <= 4095 else { throw OCIBundle.invalid(place, "errno \(number ?? 0)", "0 to 4095") }
        if name == "SCMP_ACT_NOTIFY" { throw OCIBundle.unsupported("\(place): SCMP_ACT_NOTIFY") }
        guard let action = Action(name: name, errno: errno) else {
            throw OCIBundle.invalid(place, "\"\(name)\"", OCIFeatures.seccompActions.joined(separator: ", "))
        }
        return action
    }

    private static func flags(_ names: [String], _ place: String) throws(RuntimeFailure) -> UInt32 {
        var flags: UInt32 = 0
        for name in names {
            guard let bit = flag(named: name) else { throw OCIBundle.unsupported("\(place).flags: \(name)") }
            flags |= bit
        }
        return flags
    }
}
