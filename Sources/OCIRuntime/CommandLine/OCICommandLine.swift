import PodCore

/// A command line as container managers write it for every OCI runtime: options of the runtime, a command, its options, an id.
struct OCICommandLine: Sendable {
    enum Command: Sendable {
        case create(OCIRuntime.CreateRequest)
        case run(OCIRuntime.CreateRequest, detach: Bool)
        case start(id: String)
        case state(id: String)
        case kill(id: String, signal: Int32, all: Bool)
        case delete(id: String, force: Bool)
        case exec(OCIRuntime.ExecRequest)
        case list(ListFormat)
        case ps(id: String, json: Bool)
        case pause(id: String)
        case resume(id: String)
        case update(id: String, OCISpec.Resources)
        case spec(directory: String)
        case features
        case version
        case help
    }

    struct Usage: Error, CustomStringConvertible {
        let description: String
    }

    enum LogFormat: String, Sendable {
        case text, json
    }

    enum ListFormat: String, Sendable {
        case table, json, ids
    }

    private(set) var settings = OCIRuntime.Settings()
    private(set) var log: String?
    private(set) var logFormat = LogFormat.text
    private(set) var command = Command.help

    static let help = """
        usage: swiftlet oci [OPTIONS] COMMAND [ARGUMENTS]

        Runs a container from a bundle, a directory with a config.json, as the OCI runtime specification \(OCIFeatures.specification) says.

          create [--bundle DIR] [--config FILE] [--pid-file FILE] [--console-socket SOCKET] ID   make it, without running its program yet
          start ID                    run its program
          state ID                    its state as JSON
          kill [--all] ID [SIGNAL]    signal its first process (SIGTERM), or all of them
          delete [--force] ID         take it away once it has stopped; --force: also if it runs or is not there
          run [--detach] (options of create) ID     create, start, wait for its end, delete; exits with its exit code
          exec [OPTIONS] ID PROGRAM [ARGUMENTS]     run a further program in it; exits with its exit code
              --process FILE          all of the program's `process` as JSON, instead of what follows
              --env NAME=VALUE, --cwd DIR, --user UID[:GID], --additional-gids GID, --cap NAME, --no-new-privs, --apparmor PROFILE, --tty
              --cgroup PATH (below its own), --detach, --pid-file FILE, --console-socket SOCKET
          list [--format table|json] [--quiet]      the containers
          ps [--format table|json] ID the processes of one
          pause ID, resume ID         stop all its processes, let them go on
          update [--resources FILE|-] [LIMITS] ID   new limits: \(Self.limits)
          spec [--bundle DIR]         writes a config.json to start from
          features                    what of the specification is there, as JSON

          --root DIR                  sockets and records (/run/swiftlet-oci)
          --log FILE                  errors and warnings, besides standard error
          --log-format text|json      of that file
          --shim FILE, --pause FILE   the programs, when they are not in /usr/libexec/swiftlet
          --ignore-missing-controllers    go on without limits that this host cannot enforce, with a warning
          --version, --help

        Exit code: 0 done, 1 not done (exec: 255), 2 wrong usage.
        """

    /// - Parameter directory: what relative paths start from.
    init(_ arguments: [String], directory: String) throws {
        var words = Words(arguments, directory: directory)
        while let option = words.option() {
            switch option {
            case "--root": settings.root = try words.path(option)
            case "--log": log = try words.path(option)
            case "--log-format":
                let name = try words.value(option)
                guard let format = LogFormat(rawValue: name) else { throw Usage(description: "--log-format: found \"\(name)\", wanted text or json") }
                logFormat = format
            case "--shim": settings.shimProgram = try words.path(option)
            case "--pause": settings.pauseProgram = try words.path(option)
            case "--ignore-missing-controllers": settings.ignoresMissingControllers = true
            case "--debug": continue
            case "--cgroup-manager":
                let name = try words.value(option)
                guard name == "cgroupfs" else { throw Usage(description: "--cgroup-manager: found \"\(name)\", wanted cgroupfs") }
            case "--systemd-cgroup": throw Usage(description: "--systemd-cgroup is not supported: cgroups are made as directories, without systemd")
            case "--version", "-v":
                command = .version
                return
            case "--help", "-h": return
            default: throw Usage(description: "unknown option \(option); see swiftlet oci --help")
            }
        }
        guard let name = words.word() else { throw Usage(description: "no command; see swiftlet oci --help") }
        command = try Self.command(name, &words)
        if let rest = words.word() { throw Usage(description: "\(name): one argument too many: \"\(rest)\"") }
    }

    /// The words that are left. `--name=value` is two of them.
    struct Words {
        let directory: String
        private var rest: ArraySlice<String>

        init(_ arguments: [String], directory: String) {
            self.directory = directory
            rest = arguments[...]
        }

        mutating func option() -> String? {
            guard let first = rest.first, first.hasPrefix("-"), first != "-" else { return nil }
            rest.removeFirst()
            guard first != "--" else { return nil }
            guard first.hasPrefix("--"), let sign = first.firstIndex(of: "=") else { return first }
            rest = [String(first[first.index(after: sign)...])] + rest
            return String(first[..<sign])
        }

        mutating func word() -> String? { rest.popFirst() }

        mutating func remaining() -> [String] {
            defer { rest = [] }
            return Array(rest)
        }

        mutating func value(_ option: String) throws -> String {
            guard let value = rest.popFirst() else { throw Usage(description: "\(option) wants a value") }
            return value
        }

        mutating func path(_ option: String) throws -> String {
            let path = try value(option)
            guard !path.isEmpty else { throw Usage(description: "\(option) wants a path") }
            return path.hasPrefix("/") ? path : directory + "/" + path
        }
    }
}
