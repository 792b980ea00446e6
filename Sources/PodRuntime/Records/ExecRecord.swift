import CLinux
import PodCore
import ShimClient

/// The shim's record of a program that is run in a running container, with what the container's own program has.
enum ExecRecord {
    static func encode(
        _ command: [String], in process: ContainerConfiguration.Process, terminal: Bool = false, size: TerminalSize? = nil,
        filter: SeccompCompiler.Filter, appArmor: String?, availableCapabilities: UInt64
    ) throws(RuntimeFailure) -> [UInt8] {
        var writer = WireWriter(kind: SWL_KIND_EXEC)
        var process = process
        // Wins over the container's: the terminal is the client's, not the one that the container was made for.
        if terminal { process.env.append(ProcessRecord.terminalType) }
        try ProcessRecord.append(
            process, args: command, filter: filter, appArmor: appArmor, availableCapabilities: availableCapabilities, to: &writer)
        if terminal { ProcessRecord.appendTerminal(size, to: &writer) }
        return writer.finished()
    }
}
