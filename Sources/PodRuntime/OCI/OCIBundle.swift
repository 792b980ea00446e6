import FoundationEssentials
import LinuxSystem
import PodCore

/// A directory with a `config.json`, read and looked through. What is asked for and cannot be given is refused here, by the field's name:
/// a container that silently lacks something is worse than none.
struct OCIBundle: Sendable {
    /// Absolute.
    let directory: String
    let spec: OCISpec
    let process: OCISpec.Process
    let linux: OCISpec.Linux
    /// Absolute, a directory.
    let rootDirectory: String

    /// Blocking.
    init(directory: String) throws(RuntimeFailure) {
        self.directory = directory
        let path = directory + "/config.json"
        spec = try Self.decode(path)
        try Self.checkVersion(spec.ociVersion)
        guard let root = spec.root else { throw Self.invalid("root", "missing", "the path of the container's root file system") }
        guard let process = spec.process else { throw Self.invalid("process", "missing", "the program to run") }
        self.process = process
        linux = spec.linux ?? OCISpec.Linux()
        rootDirectory = root.path.hasPrefix("/") ? root.path : directory + "/" + root.path
        let kind = (try? FileStatus.ifPresent(rootDirectory, follow: true))?.kind
        guard kind == .directory else {
            throw Self.invalid("root.path", kind == nil ? "nothing at \(rootDirectory)" : "no directory at \(rootDirectory)", "a directory")
        }
        try checkProcess()
        try refuseUnsupported()
    }

    static func invalid(_ field: String, _ found: String, _ wanted: String) -> RuntimeFailure {
        RuntimeFailure(.create, "config.json: \(field): found \(found), wanted \(wanted)")
    }

    static func unsupported(_ field: String, _ detail: String = "leave it out") -> RuntimeFailure {
        RuntimeFailure(.create, "config.json: \(field) is not supported: \(detail)")
    }

    private static func decode(_ path: String) throws(RuntimeFailure) -> OCISpec {
        do {
            return try JSONDecoder().decode(OCISpec.self, from: Data(SmallFile.bytes(path, limit: 16 << 20)))
        } catch let error as DecodingError {
            throw RuntimeFailure(.create, "\(path): \(text(of: error))")
        } catch {
            throw RuntimeFailure(.create, "\(error); a bundle is a directory with a config.json")
        }
    }

    private static func text(of error: DecodingError) -> String {
        let place = { (context: DecodingError.Context) -> String in
            let path = context.codingPath.reduce(into: "") { text, key in
                if let index = key.intValue { text += "[\(index)]" } else { text += (text.isEmpty ? "" : ".") + key.stringValue }
            }
            return path.isEmpty ? "" : path + ": "
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(place(context))found no \"\(key.stringValue)\", which is required"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            place(context) + context.debugDescription
        @unknown default: "\(error)"
        }
    }

    /// 1.x in the form of semver. A later 1.x only adds fields, which may be ignored.
    private static func checkVersion(_ version: String) throws(RuntimeFailure) {
        let core = version.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)[0]
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false).map { UInt32($0) }
        guard numbers.count == 3, !numbers.contains(nil), numbers[0] == 1 else {
            throw invalid("ociVersion", "\"\(version)\"", "a version from 1.0.0 to \(OCIFeatures.specification) of the runtime specification")
        }
    }

    private func checkProcess() throws(RuntimeFailure) {
        guard let program = process.args?.first, !program.isEmpty else { throw Self.invalid("process.args", "none", "the program to run") }
        guard process.cwd.hasPrefix("/") else { throw Self.invalid("process.cwd", "\"\(process.cwd)\"", "an absolute path") }
        for text in (process.args ?? []) + (process.env ?? []) + [process.cwd] where text.utf8.contains(0) {
            throw Self.invalid("process", "a NUL in \"\(text.prefix(40))\"", "texts without one")
        }
        for entry in process.env ?? [] where !entry.dropFirst().contains("=") {
            throw Self.invalid("process.env", "\"\(entry)\"", "NAME=value")
        }
        if let score = process.oomScoreAdj, !(-1000...1000).contains(score) {
            throw Self.invalid("process.oomScoreAdj", "\(score)", "-1000 to 1000")
        }
        let types = linux.namespaces?.map(\.type) ?? []
        if let twice = types.first(where: { type in types.count { $0 == type } > 1 }) {
            throw Self.invalid("linux.namespaces", "\(twice) twice", "each once")
        }
        if spec.hostname != nil, !isNew("uts") { throw Self.invalid("hostname", "no new uts namespace", "one, or the host would be renamed") }
        if spec.domainname != nil, !isNew("uts") { throw Self.invalid("domainname", "no new uts namespace", "one, or the host would be renamed") }
    }

    /// Kinds of namespaces that can be somebody else's, in the order in which the shim takes them.
    static let joinable = ["network", "ipc", "uts"]

    /// Where the namespace is that the container is to join.
    func path(ofNamespace type: String) -> String? {
        linux.namespaces?.first { $0.type == type }?.path.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether the configuration asks for a namespace of the container's own.
    func isNew(_ type: String) -> Bool { linux.namespaces?.contains { $0.type == type && ($0.path ?? "").isEmpty } ?? false }

    private func refuseUnsupported() throws(RuntimeFailure) {
        let known = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup"]
        for namespace in linux.namespaces ?? [] {
            if namespace.type == "time" { throw Self.unsupported("linux.namespaces: time") }
            guard known.contains(namespace.type) else {
                throw Self.invalid("linux.namespaces", "the type \"\(namespace.type)\"", known.joined(separator: ", "))
            }
            if let path = namespace.path, !path.isEmpty {
                guard Self.joinable.contains(namespace.type) else {
                    throw Self.unsupported(
                        "linux.namespaces: \(namespace.type) with a path", "only those of \(Self.joinable.joined(separator: ", ")) can be joined")
                }
                guard path.hasPrefix("/") else {
                    throw Self.invalid("linux.namespaces: \(namespace.type)", "the path \"\(path)\"", "an absolute one")
                }
            }
        }
        if !isNew("mount") { throw Self.unsupported("linux.namespaces without mount", "a container always gets a mount namespace of its own") }
        let present: [(String, Bool)] = [
            ("process.scheduler", process.scheduler != nil), ("process.ioPriority", process.ioPriority != nil),
            ("process.execCPUAffinity", process.execCPUAffinity != nil), ("process.selinuxLabel", !(process.selinuxLabel ?? "").isEmpty),
            ("linux.mountLabel", !(linux.mountLabel ?? "").isEmpty), ("linux.intelRdt", linux.intelRdt != nil),
            ("linux.memoryPolicy", linux.memoryPolicy != nil), ("linux.personality", linux.personality != nil),
            ("linux.timeOffsets", !(linux.timeOffsets ?? [:]).isEmpty), ("linux.netDevices", !(linux.netDevices ?? [:]).isEmpty),
            ("hooks.createContainer", !(spec.hooks?.createContainer ?? []).isEmpty),
            ("hooks.startContainer", !(spec.hooks?.startContainer ?? []).isEmpty),
        ]
        for (field, isPresent) in present where isPresent { throw Self.unsupported(field) }
        for hook in OCIHooks.all(spec.hooks) where !hook.path.hasPrefix("/") || (hook.timeout.map { $0 <= 0 } ?? false) {
            throw Self.invalid(
                "hooks", "\(hook.path) with the timeout \(hook.timeout.map(String.init) ?? "none")", "an absolute path, and more than 0 s")
        }
    }
}
