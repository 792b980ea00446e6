import Glibc
import LinuxSystem

/// The program that makes one call on a mount whose server may not answer, started as `swiftlet volume-call CALL ...`.
package enum VolumeCallProgram {
    /// The hidden subcommand.
    package static let subcommand = "volume-call"
    /// The exit status for arguments that name no call; any other is an error number of the kernel.
    static let unknownCall: Int32 = 255

    /// Makes the call and writes its answer, or its error, to standard output.
    /// - Returns: the exit status: 0, or the error number.
    package static func run(_ arguments: [String]) -> Int32 {
        guard let call = VolumeCall(arguments: arguments) else {
            write("found the arguments \(arguments); this command is for swiftlet itself")
            return unknownCall
        }
        do throws(SystemError) {
            write(try call.perform())
            return 0
        } catch {
            write("\(error)")
            return error.errno.flatMap { $0 > 0 && $0 < unknownCall ? $0 : nil } ?? EIO
        }
    }

    private static func write(_ text: String) {
        let output = OwnedFileDescriptor(STDOUT_FILENO)
        // Not closed: the descriptor belongs to the process.
        defer { _ = output.release() }
        try? output.writeAll(text)
    }
}
