/// Why the kernel takes arguments and variables as too long (`execve`, E2BIG).
enum ArgumentLimit {
    /// Bytes of one argument, or of one variable with its name and `=`, without the NUL at its end (MAX_ARG_STRLEN).
    static let single = 131_071

    static func explanation(args: [String], env: [String]) -> String {
        for line in env where line.utf8.count > single {
            return "variable \(line.prefix { $0 != "=" }) takes \(line.utf8.count) bytes with its name, the kernel takes at most \(single)"
        }
        for (index, text) in args.enumerated() where text.utf8.count > single {
            return "argument \(index) takes \(text.utf8.count) bytes, the kernel takes at most \(single)"
        }
        let total = (args + env).reduce(0) { $0 + $1.utf8.count + 1 }
        return "arguments and variables take \(total) bytes together, the kernel takes about a quarter of the stack's limit (2 MiB by default)"
    }
}
