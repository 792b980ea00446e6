/// The beginning of a filter: calls that are newer than everything a profile lists fail with ENOSYS, as on a kernel without them, so that programs
/// fall back on calls that they know. The profile's own default would tell them that the call exists and is forbidden.
struct SeccompPrologue {
    /// The highest number that the profile knows for one architecture.
    struct Limit: Hashable {
        /// `AUDIT_ARCH_...`
        let architecture: UInt32
        let highest: UInt32
    }

    /// Numbers from here on do not count calls in the order of their making: ARM's private ones, and x32's, which have bit 30 set.
    private static let firstPrivate: UInt32 = 0xf0000
    private static let enosys: UInt32 = 0x0005_0000 | 38
    /// Instructions for one architecture.
    private static let length = 5

    let limits: [Limit]

    /// `struct sock_filter` entries; execution goes on behind them.
    var program: [UInt8] {
        guard !limits.isEmpty else { return [] }
        // One load, a block for each architecture, a jump over the last instruction, which returns.
        let end = 1 + limits.count * Self.length + 1
        var program = Self.instruction(Opcode.load, 4)
        for (index, limit) in limits.enumerated() {
            let start = 1 + index * Self.length
            program += Self.instruction(Opcode.jumpIfEqual, limit.architecture, else: Self.length - 1)
            program += Self.instruction(Opcode.load, 0)
            program += Self.instruction(Opcode.jumpIfNotLess, Self.firstPrivate, then: end - (start + 2))
            program += Self.instruction(Opcode.jumpIfGreater, limit.highest, then: end - (start + 3) - 1)
            program += Self.instruction(Opcode.jump, UInt32(end - (start + 4)))
        }
        return program + Self.instruction(Opcode.jump, 1) + Self.instruction(Opcode.return, Self.enosys)
    }

    private enum Opcode {
        /// BPF_LD | BPF_W | BPF_ABS: a word of `struct seccomp_data`, 0 the call's number and 4 its architecture.
        static let load: UInt16 = 0x20
        /// BPF_JMP | BPF_JA, BPF_JEQ, BPF_JGT, BPF_JGE with a constant.
        static let jump: UInt16 = 0x05
        static let jumpIfEqual: UInt16 = 0x15
        static let jumpIfGreater: UInt16 = 0x25
        static let jumpIfNotLess: UInt16 = 0x35
        /// BPF_RET | BPF_K
        static let `return`: UInt16 = 0x06
    }

    /// - Parameters:
    ///   - then, else: how many instructions are skipped when the comparison holds, or does not.
    private static func instruction(_ code: UInt16, _ value: UInt32, then: Int = 0, else: Int = 0) -> [UInt8] {
        withUnsafeBytes(of: code) { Array($0) } + [UInt8(then), UInt8(`else`)] + withUnsafeBytes(of: value) { Array($0) }
    }
}
