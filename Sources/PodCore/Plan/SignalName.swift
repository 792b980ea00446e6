/// Numbers of the signals that an image may name as its stop signal (x86-64 and arm64 agree on these).
package enum SignalName {
    private static let numbers: [String: Int32] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13,
        "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24,
        "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29, "PWR": 30, "SYS": 31,
    ]

    /// `SIGTERM`, `TERM`, `15` or `SIGRTMIN+3`; `nil` for anything else.
    package static func number(_ text: String) -> Int32? {
        if let number = Int32(text) { return (1...64).contains(number) ? number : nil }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if name.hasPrefix("RTMIN"), let offset = name == "RTMIN" ? 0 : Int32(name.dropFirst(5)) {
            return (0...30).contains(offset) ? 34 + offset : nil
        }
        if name.hasPrefix("RTMAX"), let offset = name == "RTMAX" ? 0 : Int32(name.dropFirst(5)) {
            return (-30...0).contains(offset) ? 64 + offset : nil
        }
        return numbers[name]
    }
}
