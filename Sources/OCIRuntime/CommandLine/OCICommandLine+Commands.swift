import FoundationEssentials
import Glibc
import LinuxSystem
import PodCore

extension OCICommandLine {
    /// Options of `update`, as other runtimes call them.
    static let limits = numbers.keys.sorted().map { "--" + $0 }.joined(separator: ", ") + ", --cpuset-cpus, --cpuset-mems"

    private static let numbers: [String: @Sendable (inout OCISpec.Resources, Int64) -> Void] = [
        "memory": { $0.memoryLimits.limit = $1 },
        "memory-reservation": { $0.memoryLimits.reservation = $1 },
        "memory-swap": { $0.memoryLimits.swap = $1 },
        "cpu-period": { $0.cpuLimits.period = UInt64(clamping: $1) },
        "cpu-quota": { $0.cpuLimits.quota = $1 },
        "cpu-burst": { $0.cpuLimits.burst = UInt64(clamping: $1) },
        "cpu-share": { $0.cpuLimits.shares = UInt64(clamping: $1) },
        "cpu-idle": { $0.cpuLimits.idle = $1 },
        "pids-limit": { $0.pids = .init(limit: $1) },
        "blkio-weight": { $0.ioLimits.weight = UInt16(clamping: $1) },
    ]

    static func command(_ name: String, _ words: inout Words) throws -> Command {
        switch name {
        case "help": return .help
        case "features":
            try noOptions(name, &words)
            return .features
        case "create", "run": return try create(name, &words)
        case "exec": return .exec(try exec(&words))
        case "list": return .list(try list(&words))
        case "update": return try update(&words)
        case "spec":
            var directory = words.directory
            try options(name, &words) { option, words in
                guard option == "--bundle" || option == "-b" else { return false }
                directory = try words.path(option)
                return true
            }
            return .spec(directory: directory)
        case "start", "state", "pause", "resume":
            let id = try id(name, &words)
            try noOptions(name, &words)
            switch name {
            case "start": return .start(id: id)
            case "state": return .state(id: id)
            case "pause": return .pause(id: id)
            default: return .resume(id: id)
            }
        case "ps":
            var json = false
            let format: OptionHandler = { option, words in
                guard option == "--format" || option == "-f" else { return false }
                json = try choice(option, try words.value(option), ["table", "json"]) == "json"
                return true
            }
            try options(name, &words, format)
            let id = try id(name, &words)
            try options(name, &words, format)
            return .ps(id: id, json: json)
        case "kill", "delete":
            var flag = false
            let names = name == "kill" ? ["--all", "-a"] : ["--force", "-f"]
            let handler: OptionHandler = { option, _ in
                guard names.contains(option) else { return false }
                flag = true
                return true
            }
            try options(name, &words, handler)
            let id = try id(name, &words)
            guard name == "kill" else {
                // Behind the id as well, as some callers write it.
                try options(name, &words, handler)
                return .delete(id: id, force: flag)
            }
            try options(name, &words, handler)
            let signal = words.word()
            try options(name, &words, handler)
            return .kill(id: id, signal: try OCISignal.number(signal ?? "SIGTERM"), all: flag)
        default: throw Usage(description: "unknown command \(name); see swiftlet oci --help")
        }
    }

    /// Takes one option with its value; false when it is none of the command's.
    private typealias OptionHandler = (String, inout Words) throws -> Bool

    private static func options(_ name: String, _ words: inout Words, _ handler: OptionHandler) throws {
        while let option = words.option() {
            guard try handler(option, &words) else { throw Usage(description: "\(name): unknown option \(option); see swiftlet oci --help") }
        }
    }

    private static func noOptions(_ name: String, _ words: inout Words) throws {
        try options(name, &words) { _, _ in false }
    }

    private static func id(_ name: String, _ words: inout Words) throws -> String {
        try noOptions(name, &words)
        guard let id = words.word() else { throw Usage(description: "\(name): no container id") }
        return id
    }

    private static func choice(_ option: String, _ found: String, _ wanted: [String]) throws -> String {
        guard wanted.contains(found) else {
            throw Usage(description: "\(option): found \"\(found)\", wanted \(wanted.joined(separator: " or "))")
        }
        return found
    }

    /// Callers that name a number always, name this one mostly.
    private static func noDescriptors(_ option: String, _ words: inout Words) throws {
        let text = try words.value(option)
        guard text == "0" else {
            throw Usage(description: "\(option): found \"\(text)\", wanted 0: a container gets standard input, output and error, nothing else")
        }
    }

    private static func create(_ name: String, _ words: inout Words) throws -> Command {
        var request = OCIRuntime.CreateRequest(id: "", bundle: words.directory)
        var detach = false
        let handler: OptionHandler = { option, words in
            switch option {
            case "--bundle", "-b": request.bundle = try words.path(option)
            case "--config", "-f": request.configFile = try words.path(option)
            case "--pid-file": request.pidFile = try words.path(option)
            case "--console-socket": request.consoleSocket = try words.path(option)
            case "--preserve-fds": try noDescriptors(option, &words)
            case "--detach" where name == "run", "-d" where name == "run": detach = true
            default: return false
            }
            return true
        }
        try options(name, &words, handler)
        request.id = try id(name, &words)
        try options(name, &words, handler)
        return name == "create" ? .create(request) : .run(request, detach: detach)
    }

    private static func exec(_ words: inout Words) throws -> OCIRuntime.ExecRequest {
        var request = OCIRuntime.ExecRequest(id: "")
        try options("exec", &words) { option, words in
            switch option {
            case "--process", "-p": request.processFile = try words.path(option)
            case "--env", "-e": request.environment.append(try words.value(option))
            case "--cwd": request.cwd = try words.value(option)
            case "--user", "-u": request.user = try words.value(option)
            case "--additional-gids", "-g":
                let text = try words.value(option)
                guard let gid = UInt32(text) else { throw Usage(description: "\(option): found \"\(text)\", wanted a number") }
                request.additionalGids.append(gid)
            case "--cap", "-c": request.capabilities.append(try words.value(option))
            case "--no-new-privs": request.noNewPrivileges = true
            case "--apparmor": request.apparmorProfile = try words.value(option)
            case "--tty", "-t": request.terminal = true
            case "--detach", "-d": request.detach = true
            case "--pid-file": request.pidFile = try words.path(option)
            case "--console-socket": request.consoleSocket = try words.path(option)
            case "--cgroup": request.cgroup = try words.value(option)
            case "--preserve-fds": try noDescriptors(option, &words)
            default: return false
            }
            return true
        }
        request.id = try id("exec", &words)
        // Whatever follows is the program's, options included.
        request.arguments = words.remaining()
        guard request.arguments.isEmpty == (request.processFile != nil) else {
            throw Usage(description: "exec: wanted either a program behind the id or --process FILE")
        }
        return request
    }

    private static func list(_ words: inout Words) throws -> ListFormat {
        var format = ListFormat.table
        try options("list", &words) { option, words in
            switch option {
            case "--format", "-f": format = try choice(option, try words.value(option), ["table", "json"]) == "json" ? .json : .table
            case "--quiet", "-q": format = .ids
            default: return false
            }
            return true
        }
        return format
    }

    private static func update(_ words: inout Words) throws -> Command {
        var resources = OCISpec.Resources()
        let handler: OptionHandler = { option, words in
            switch option {
            case "--resources", "-r":
                let path = try words.value(option)
                resources = try OCIBundle.decode(path == "-" ? "/dev/stdin" : path.hasPrefix("/") ? path : words.directory + "/" + path)
            case "--cpuset-cpus":
                resources.cpuLimits.cpus = try words.value(option)
            case "--cpuset-mems":
                resources.cpuLimits.mems = try words.value(option)
            default:
                guard let change = numbers[String(option.drop { $0 == "-" })], option.hasPrefix("--") else { return false }
                let text = try words.value(option)
                guard let number = Int64(text) else { throw Usage(description: "\(option): found \"\(text)\", wanted a number") }
                change(&resources, number)
            }
            return true
        }
        try options("update", &words, handler)
        let id = try id("update", &words)
        try options("update", &words, handler)
        return .update(id: id, resources)
    }
}

extension OCISpec.Resources {
    // A new entry begins without a limit.
    fileprivate var memoryLimits: OCISpec.Memory {
        get { memory ?? .init() }
        set { memory = newValue }
    }

    fileprivate var cpuLimits: OCISpec.CPU {
        get { cpu ?? .init() }
        set { cpu = newValue }
    }

    fileprivate var ioLimits: OCISpec.BlockIO {
        get { blockIO ?? .init() }
        set { blockIO = newValue }
    }
}
