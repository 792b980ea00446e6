/// Finds in the kernel's messages that the machine as a whole has run out of memory: line by line, because the kernel reports a kill on several.
struct OutOfMemoryLog: Sendable {
    struct Victim: Sendable, Hashable {
        let process: String
        let pid: Int
    }

    /// The lines of a kill have begun, and its last one is missing.
    private var hasBegun = false

    /// Takes one message. Returns the process that was killed because the machine had no memory left; `nil` for everything else, a kill at the limit of
    /// one cgroup among it.
    mutating func receive(_ line: String) -> Victim? {
        if line.contains("invoked oom-killer:") {
            hasBegun = true
            return nil
        }
        guard hasBegun else { return nil }
        if line.hasPrefix("oom-kill:constraint="), line.contains(",oom_memcg=/"), !line.contains(",oom_memcg=/,") {
            hasBegun = false
            return nil
        }
        guard let victim = Self.victim(line) else { return nil }
        hasBegun = false
        return victim
    }

    /// `Out of memory: Killed process 123 (name) total-vm:...`. The name may hold anything, parentheses among it.
    private static func victim(_ line: String) -> Victim? {
        guard let start = line.firstRange(of: "Killed process ") else { return nil }
        let rest = line[start.upperBound...]
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        let after = rest[digits.endIndex...]
        guard let pid = Int(digits), after.hasPrefix(" ("), let end = after.firstRange(of: ") total-vm")?.lowerBound ?? after.lastIndex(of: ")")
        else {
            return nil
        }
        return Victim(process: String(after[after.index(after.startIndex, offsetBy: 2)..<end]), pid: pid)
    }
}
