import CLinux
import CSeccomp
import Glibc
import LinuxSystem
package import PodCore
import Synchronization

/// Makes BPF programs of seccomp profiles with libseccomp. A program is made once for each profile and set of capabilities.
package final class SeccompCompiler: Sendable {
    /// `struct sock_filter` entries, and flags for the load.
    package struct Filter: Sendable, Hashable {
        package let program: [UInt8]
        package let flags: UInt32

        package init(program: [UInt8], flags: UInt32) {
            self.program = program
            self.flags = flags
        }

        /// No filter, on purpose.
        package static let unconfined = Filter(program: [], flags: 0)
    }

    /// By content: a profile's file may be replaced at any time, and reading it again costs little beside parsing it.
    private enum Source: Hashable {
        case runtimeDefault
        case file([UInt8])
    }

    private struct Key: Hashable {
        let source: Source
        /// A mask, see `CapabilityName`.
        let capabilities: UInt64
    }

    /// Profiles on a node are few; a pod author who varies capabilities endlessly only makes the cache start over.
    private static let cacheLimit = 64

    private let host: SeccompHost
    private let scratchDirectory: String
    private let cache = Mutex<[Key: Filter]>([:])

    /// - Parameter scratchDirectory: libseccomp writes the program into a file; it has no name there while it exists.
    package init(host: SeccompHost, scratchDirectory: String) {
        self.host = host
        self.scratchDirectory = scratchDirectory
    }

    /// The filter for a container. Blocking: reads the profile's file, and compiles when it has not been met before.
    package func filter(_ choice: ContainerConfiguration.SeccompChoice, capabilities: [String]) throws(RuntimeFailure) -> Filter {
        switch choice {
        case .unconfined: return .unconfined
        case .runtimeDefault: return try filter(.runtimeDefault, capabilities, name: "RuntimeDefault") { .runtimeDefault }
        case .localhost(let path):
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try SmallFile.bytes(path)
            } catch {
                throw RuntimeFailure(.create, "seccomp profile \(path) cannot be read: \(error)")
            }
            return try filter(.file(bytes), capabilities, name: path) { () throws(RuntimeFailure) in try SeccompProfile(json: bytes, path: path) }
        }
    }

    private func filter(
        _ source: Source, _ capabilities: [String], name: String, profile: () throws(RuntimeFailure) -> SeccompProfile
    ) throws(RuntimeFailure) -> Filter {
        let key = Key(source: source, capabilities: try CapabilityName.mask(capabilities))
        if let known = cache.withLock({ $0[key] }) { return known }
        let profile = try profile()
        let filter = Filter(program: try compile(profile, capabilities: Set(capabilities), name: name), flags: profile.flags)
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[key] = filter
        }
        return filter
    }

    /// The program for a profile; `capabilities` decide which of its rules count.
    package func compile(_ profile: SeccompProfile, capabilities: Set<String>, name: String) throws(RuntimeFailure) -> [UInt8] {
        let defaultAction = Self.value(of: profile.defaultAction)
        guard let context = seccomp_init(defaultAction) else {
            throw RuntimeFailure(.create, "seccomp profile \(name): the default action \(profile.defaultAction) is not supported by this host")
        }
        defer { seccomp_release(context) }
        let architectures = try architectures(of: profile, name)
        for architecture in architectures {
            // The machine's own is there from the start.
            let result = seccomp_arch_add(context, architecture)
            guard result == 0 || result == -EEXIST else { throw failure(name, "an architecture cannot be added", result) }
        }
        // no_new_privs is the container's own setting, and the load is not done here.
        try check(seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0), name, "no_new_privs cannot be left alone")
        // A tree instead of a list: the cost of a call does not depend on its place in the profile.
        _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        for rule in profile.rules(capabilities: capabilities, on: host) {
            let action = Self.value(of: rule.action)
            // libseccomp refuses what changes nothing.
            if action == defaultAction { continue }
            for call in rule.names { try add(call, action, rule.arguments, to: context, name) }
        }
        return try checked(prologue(of: profile, architectures).program + export(context, name), name)
    }

    /// None for a profile whose default lets calls happen.
    private func prologue(of profile: SeccompProfile, _ architectures: [UInt32]) -> SeccompPrologue {
        switch profile.defaultAction {
        case .allow, .log, .trace: return SeccompPrologue(limits: [])
        case .errno, .trap, .killThread, .killProcess: break
        }
        let names = Set(profile.rules.flatMap(\.names))
        let limits = architectures.compactMap { architecture -> SeccompPrologue.Limit? in
            guard architecture != Self.x32 else { return nil }
            let numbers = names.map { seccomp_syscall_resolve_name_arch(architecture, $0) }
            // Calls that an architecture lacks have negative numbers.
            return numbers.max().flatMap { UInt32(exactly: $0) }.map { SeccompPrologue.Limit(architecture: architecture, highest: $0) }
        }
        return SeccompPrologue(limits: limits)
    }

    /// The kernel takes at most BPF_MAXINSNS instructions of eight bytes.
    private func checked(_ program: [UInt8], _ name: String) throws(RuntimeFailure) -> [UInt8] {
        guard !program.isEmpty, program.count % 8 == 0, program.count / 8 <= 4096 else {
            throw RuntimeFailure(
                .create, "seccomp profile \(name): found \(program.count / 8) instructions, wanted 1 to 4096; shorten the profile")
        }
        return program
    }

    private func add(
        _ call: String, _ action: UInt32, _ arguments: [SeccompProfile.Argument], to context: scmp_filter_ctx, _ name: String
    ) throws(RuntimeFailure) {
        let number = seccomp_syscall_resolve_name(call)
        // A profile may be newer than the library: a call that it does not know falls under the default action.
        if number == __NR_SCMP_ERROR { return }
        let comparisons = arguments.map { argument in
            scmp_arg_cmp(arg: argument.index, op: Self.operation(of: argument.comparison), datum_a: argument.value, datum_b: argument.valueTwo)
        }
        // libseccomp takes each argument once in a rule; several comparisons of one argument mean "or", one rule each.
        let repeats = Set(arguments.map(\.index)).count < arguments.count
        for group in repeats ? comparisons.map({ [$0] }) : [comparisons] {
            try check(seccomp_rule_add_array(context, action, number, UInt32(group.count), group), name, "the rule for \(call) cannot be added")
        }
    }

    private func export(_ context: scmp_filter_ctx, _ name: String) throws(RuntimeFailure) -> [UInt8] {
        do throws(SystemError) {
            let file = try AnonymousFile.make(in: scratchDirectory)
            let result = file.withRawValue { seccomp_export_bpf(context, $0) }
            guard result == 0 else { throw SystemError(call: "seccomp_export_bpf", errno: -result) }
            try systemCall("lseek") { file.withRawValue { lseek($0, 0, SEEK_SET) } }
            return try file.readAll(limit: 1 << 20)
        } catch {
            throw RuntimeFailure(.create, "seccomp profile \(name): \(error)")
        }
    }

    private func architectures(of profile: SeccompProfile, _ name: String) throws(RuntimeFailure) -> [UInt32] {
        // A 32-bit program makes calls by other numbers: without its architecture in the filter it would be killed.
        let names = profile.architectures.isEmpty ? Self.nativeArchitectures : profile.architectures
        var result: [UInt32] = []
        for architecture in names {
            let prefix = "SCMP_ARCH_"
            guard architecture.hasPrefix(prefix) else {
                throw RuntimeFailure(.create, "seccomp profile \(name): architectures: found \(architecture), wanted an SCMP_ARCH_... name")
            }
            let token = seccomp_arch_resolve_name(architecture.dropFirst(prefix.count).lowercased())
            guard token != 0 else {
                throw RuntimeFailure(.create, "seccomp profile \(name): architectures: \(architecture) is not known to this host's libseccomp")
            }
            result.append(token)
        }
        return result
    }

    /// SCMP_ARCH_X32. The kernel tells its calls from those of x86_64 by their numbers alone.
    private static let x32: UInt32 = 0x4000_003e

    #if arch(x86_64)
        static let nativeArchitectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    #elseif arch(arm64)
        static let nativeArchitectures = ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
    #elseif arch(riscv64)
        static let nativeArchitectures = ["SCMP_ARCH_RISCV64"]
    #else
        static let nativeArchitectures: [String] = []
    #endif

    /// The values of seccomp.h's action macros, which Swift does not see.
    private static func value(of action: SeccompProfile.Action) -> UInt32 {
        switch action {
        case .allow: 0x7fff_0000
        case .log: 0x7ffc_0000
        case .trace(let value): 0x7ff0_0000 | UInt32(value)
        case .errno(let value): 0x0005_0000 | UInt32(value)
        case .trap: 0x0003_0000
        case .killThread: 0x0000_0000
        case .killProcess: 0x8000_0000
        }
    }

    private static func operation(of comparison: SeccompProfile.Comparison) -> scmp_compare {
        switch comparison {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }

    private func check(_ result: Int32, _ name: String, _ what: String) throws(RuntimeFailure) {
        if result != 0 { throw failure(name, what, result) }
    }

    private func failure(_ name: String, _ what: String, _ result: Int32) -> RuntimeFailure {
        RuntimeFailure(.create, "seccomp profile \(name): \(what): \(SystemError.text(of: -result))")
    }
}
