/// Which system calls a container may make, in the shape that profiles have everywhere: a default action and rules that deviate from it.
package struct SeccompProfile: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        case allow, log, trap, killThread, killProcess
        case errno(UInt16)
        /// For a tracer; without one the call fails with ENOSYS.
        case trace(UInt16)
    }

    package enum Comparison: String, Sendable, Hashable {
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case lessOrEqual = "SCMP_CMP_LE"
        case equal = "SCMP_CMP_EQ"
        case greaterOrEqual = "SCMP_CMP_GE"
        case greater = "SCMP_CMP_GT"
        case maskedEqual = "SCMP_CMP_MASKED_EQ"
    }

    package struct Argument: Sendable, Hashable {
        /// 0 to 5.
        package var index: UInt32
        package var value: UInt64
        /// The wanted value under the mask `value`, for `maskedEqual`.
        package var valueTwo: UInt64
        package var comparison: Comparison

        package init(index: UInt32, value: UInt64, valueTwo: UInt64 = 0, comparison: Comparison) {
            self.index = index
            self.value = value
            self.valueTwo = valueTwo
            self.comparison = comparison
        }
    }

    /// When a rule counts. Everything that is stated has to hold.
    package struct Condition: Sendable, Hashable {
        /// All of them are granted to the container.
        var capabilities: [String] = []
        /// One of them is this machine's, by Go's name (`amd64`).
        var architectures: [String] = []
        var minimumKernel: KernelVersion?

        var isEmpty: Bool { self == Condition() }
    }

    package struct Rule: Sendable, Hashable {
        package var names: [String]
        package var action: Action
        package var arguments: [Argument]
        var includes: Condition
        /// The rule does not count when one of the stated things holds.
        var excludes: Condition

        package init(
            names: [String], action: Action, arguments: [Argument] = [], includes: Condition = Condition(), excludes: Condition = Condition()
        ) {
            self.names = names
            self.action = action
            self.arguments = arguments
            self.includes = includes
            self.excludes = excludes
        }
    }

    package var defaultAction: Action
    /// SCMP_ARCH_... names; empty for this machine's with its 32-bit companions.
    package var architectures: [String]
    /// SECCOMP_FILTER_FLAG_... bits for the shim.
    package var flags: UInt32
    package var rules: [Rule]

    package init(defaultAction: Action, architectures: [String] = [], flags: UInt32 = 0, rules: [Rule]) {
        self.defaultAction = defaultAction
        self.architectures = architectures
        self.flags = flags
        self.rules = rules
    }

    /// The rules that count for a container on this machine.
    package func rules(capabilities: Set<String>, on host: SeccompHost) -> [Rule] {
        rules.filter { rule in
            let includes = rule.includes
            guard includes.capabilities.allSatisfy(capabilities.contains) else { return false }
            guard includes.architectures.isEmpty || includes.architectures.contains(host.architecture) else { return false }
            if let minimum = includes.minimumKernel, host.kernel < minimum { return false }
            let excludes = rule.excludes
            guard !excludes.capabilities.contains(where: capabilities.contains) else { return false }
            guard !excludes.architectures.contains(host.architecture) else { return false }
            if let minimum = excludes.minimumKernel, host.kernel >= minimum { return false }
            return true
        }
    }
}
