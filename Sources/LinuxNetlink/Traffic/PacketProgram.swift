/// A program of classic BPF that decides about frames: straight steps, and jumps forward to marks.
package struct PacketProgram: Sendable, Hashable {
    /// struct sock_filter: one step as the kernel takes it.
    package struct Instruction: Sendable, Hashable {
        package let code: UInt16
        package let whenTrue: UInt8
        package let whenFalse: UInt8
        package let value: UInt32
    }

    /// The fate of a frame, by the kernel's numbers (TC_ACT_OK, TC_ACT_SHOT).
    package enum Verdict: UInt32, Sendable {
        case pass = 0
        case drop = 2
    }

    package enum Step: Sendable, Hashable {
        /// Loads one, two or four bytes of the frame in network byte order. A frame that is too short passes: no protocol accepts it.
        case load(offset: UInt32, bytes: Int)
        case and(UInt32)
        /// Goes on at the mark if the loaded value is equal, else with the next step.
        case whenEqual(UInt32, String)
        case unlessEqual(UInt32, String)
        case mark(String)
        case end(Verdict)
    }

    package private(set) var instructions: [Instruction] = []

    /// - Precondition: every mark is there once, behind the jumps to it and at most 255 steps away.
    package init(_ steps: [Step]) {
        var places: [String: Int] = [:]
        var count = 0
        for step in steps {
            if case .mark(let name) = step { places[name] = count } else { count += 1 }
        }
        for step in steps {
            func distance(_ mark: String) -> UInt8 {
                guard let place = places[mark] else { preconditionFailure("no mark \(mark)") }
                return UInt8(place - instructions.count - 1)
            }
            switch step {
            // BPF_LD | BPF_ABS with BPF_W, BPF_H or BPF_B
            case .load(let offset, let bytes):
                append(bytes == 4 ? 0x20 : bytes == 2 ? 0x28 : 0x30, offset)
            case .and(let mask): append(0x54, mask)  // BPF_ALU | BPF_AND | BPF_K
            // BPF_JMP | BPF_JEQ | BPF_K
            case .whenEqual(let value, let mark): append(0x15, value, whenTrue: distance(mark))
            case .unlessEqual(let value, let mark): append(0x15, value, whenFalse: distance(mark))
            case .mark: continue
            case .end(let verdict): append(0x06, verdict.rawValue)  // BPF_RET | BPF_K
            }
        }
    }

    private mutating func append(_ code: UInt16, _ value: UInt32, whenTrue: UInt8 = 0, whenFalse: UInt8 = 0) {
        instructions.append(Instruction(code: code, whenTrue: whenTrue, whenFalse: whenFalse, value: value))
    }

    /// The program as an array of struct sock_filter.
    package var bytes: [UInt8] {
        instructions.flatMap { step in
            withUnsafeBytes(of: step.code) { Array($0) } + [step.whenTrue, step.whenFalse] + withUnsafeBytes(of: step.value) { Array($0) }
        }
    }
}
