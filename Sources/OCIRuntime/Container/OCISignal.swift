import Glibc
import PodCore

/// Signals by number or name, with and without `SIG`.
enum OCISignal {
    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT, "IOT": SIGABRT, "BUS": SIGBUS, "FPE": SIGFPE,
        "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2, "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM, "STKFLT": 16,
        "CHLD": SIGCHLD, "CLD": SIGCHLD, "CONT": SIGCONT, "STOP": SIGSTOP, "TSTP": SIGTSTP, "TTIN": SIGTTIN, "TTOU": SIGTTOU, "URG": SIGURG,
        "XCPU": SIGXCPU, "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM, "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO, "POLL": SIGIO, "PWR": SIGPWR,
        "SYS": SIGSYS,
    ]

    static func number(_ text: String) throws(RuntimeFailure) -> Int32 {
        // 0 only checks whether the process exists.
        if let number = Int32(text), (0...64).contains(number) { return number }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if let number = numbers[name] { return number }
        // RTMIN+3, RTMAX-2: counted in the kernel's range as the C library leaves it.
        for (base, start, sign) in [("RTMIN", Int32(34), Int32(1)), ("RTMAX", 64, -1)] where name.hasPrefix(base) {
            let rest = name.dropFirst(base.count)
            if rest.isEmpty { return start }
            if rest.first == (sign > 0 ? "+" : "-"), let offset = Int32(rest.dropFirst()), (0...30).contains(offset) { return start + sign * offset }
        }
        throw RuntimeFailure(.create, "unknown signal \"\(text)\": wanted a name such as SIGTERM or KILL, or a number from 0 to 64")
    }
}
