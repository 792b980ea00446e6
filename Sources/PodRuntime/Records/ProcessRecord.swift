import CLinux
import PodCore
import ShimClient

/// The part that launch and exec records have in common: who the program runs as, and what it may do.
enum ProcessRecord {
    static let defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    static let terminalType = "TERM=xterm"

    static func append(
        _ process: ContainerConfiguration.Process, args: [String], filter: SeccompCompiler.Filter, appArmor: String?,
        availableCapabilities: UInt64, to writer: inout WireWriter
    ) throws(RuntimeFailure) {
        guard let program = args.first, !program.isEmpty else {
            throw RuntimeFailure(.create, "no command: neither the container nor its image says what to run")
        }
        for text in args + process.env + [process.cwd] where text.utf8.contains(0) {
            throw RuntimeFailure(.create, "an argument, a variable or the working directory contains a NUL: \"\(text.prefix(40))\"")
        }
        writer.strings(SWL_TAG_PROCESS_ARGS, args)
        writer.strings(SWL_TAG_PROCESS_ENV, environment(process.env))
        writer.string(SWL_TAG_PROCESS_CWD, process.cwd.isEmpty ? "/" : process.cwd)
        writer.layout(SWL_TAG_PROCESS_USER, swl_user(uid: process.uid, gid: process.gid, umask: 0, flags: 0))
        if !process.additionalGids.isEmpty { writer.numbers(SWL_TAG_PROCESS_ADDITIONAL_GIDS, process.additionalGids) }
        writer.layout(SWL_TAG_PROCESS_CAPABILITIES, try CapabilityName.sets(process.capabilities, available: availableCapabilities))
        writer.number(SWL_TAG_PROCESS_NO_NEW_PRIVILEGES, process.noNewPrivileges ? 1 : 0)
        writer.layout(SWL_TAG_PROCESS_OOM_SCORE_ADJ, Int32(clamping: process.oomScoreAdj))
        writer.bytes(SWL_TAG_SECCOMP_FILTER, filter.program)
        if filter.flags != 0 { writer.number(SWL_TAG_SECCOMP_FLAGS, filter.flags) }
        // A shim that passes it over would run the program without.
        if let appArmor { writer.bytes(SWL_TAG_PROCESS_APPARMOR_PROFILE, Array(appArmor.utf8), mustUnderstand: true) }
    }

    /// The program's three streams are a terminal. A shim that cannot do that refuses: a program would take pipes for what they are not.
    static func appendTerminal(_ size: TerminalSize?, to writer: inout WireWriter) {
        writer.number(SWL_TAG_PROCESS_TERMINAL, 1)
        guard let size else { return }
        writer.layout(SWL_TAG_PROCESS_CONSOLE_SIZE, swl_console_size(rows: size.rows, columns: size.columns, width: 0, height: 0))
    }

    /// A later variable wins over an earlier one of the same name, as in a shell; a program without PATH finds nothing.
    static func environment(_ list: [String]) -> [String] {
        var positions: [Substring: Int] = [:]
        var result: [String] = []
        for entry in list {
            guard let sign = entry.firstIndex(of: "="), sign != entry.startIndex else { continue }
            let name = entry[..<sign]
            if let position = positions[name] {
                result[position] = entry
            } else {
                positions[name] = result.count
                result.append(entry)
            }
        }
        if positions["PATH"] == nil { result.append(defaultPath) }
        return result
    }
}

extension ContainerConfiguration {
    /// The process as it is started. A container with a terminal has a `TERM`; the image's and the pod's win over it.
    var startedProcess: Process {
        guard terminal else { return process }
        var started = process
        started.env.insert(ProcessRecord.terminalType, at: 0)
        return started
    }
}
