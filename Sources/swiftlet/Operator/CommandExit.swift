import ArgumentParser
import Glibc

/// How every command of swiftlet leaves: 0 when it did what was asked, 1 when it could not, 2 when it was asked wrongly.
/// `exec` passes on the exit code of the command that it ran.
enum CommandExit {
    static let usage = ExitCode(2)

    /// Parses and runs a command line; ArgumentParser itself would leave with 64 for a wrong one.
    static func run(_ root: any AsyncParsableCommand.Type, _ arguments: [String]) async -> Never {
        do {
            var command = try root.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch {
            guard root.exitCode(for: error) == .validationFailure else { root.exit(withError: error) }
            StandardStream.complain(root.fullMessage(for: error))
            exit(usage.rawValue)
        }
    }
}

/// A message for the operator in place of a result: printed to stderr, exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
