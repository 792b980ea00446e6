import ArgumentParser
import Glibc

/// The exit codes of all commands: 0 for success, 1 for a failure, 2 for wrong usage.
/// `exec` passes on the exit code of the command in the container.
enum CommandExit {
    static let usage = ExitCode(2)

    /// Parses and runs a command line; ArgumentParser itself would exit with 64 for wrong usage.
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
