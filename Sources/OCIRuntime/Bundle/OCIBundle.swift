import FoundationEssentials
import LinuxSystem
import PodCore

/// A directory with a `config.json`, read and checked. A field that cannot be honoured is refused here by its name:
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
    /// - Parameter file: instead of the bundle's own `config.json`.
    init(directory: String, file: String? = nil) throws(RuntimeFailure) {
        self.directory = directory
        spec = try Self.decode(file ?? directory + "/config.json")
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

    /// A file of JSON, with the field in the message when it is not as it should be. Blocking.
    static func decode<Value: Decodable>(_ path: String) throws(RuntimeFailure) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(SmallFile.bytes(path, limit: 16 << 20)))
        } catch let error as DecodingError {
            throw RuntimeFailure(.create, "\(path): \(text(of: error))")
        } catch {
            throw RuntimeFailure(.create, path.hasSuffix("/config.json") ? "\(error); a bundle is a directory with a config.json" : "\(error)")
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
        try OCIProcess.check(process)
        let types = linux.namespaces?.map(\.type) ?? []
        if let twice = types.first(where: { type in types.count { $0 == type } > 1 }) {
            throw Self.invalid("linux.namespaces", "\(twice) twice", "each once")
        }
        if spec.hostname != nil, !isNew("uts") { throw Self.invalid("hostname", "no new uts namespace", "one, or the host would be renamed") }
        if spec.domainname != nil, !isNew("uts") { throw Self.invalid("domainname", "no new uts namespace", "one, or the host would be renamed") }
    }

    /// Kinds of namespaces that can be joined by path, in the shim's order: those of the sandbox, then those of the container.
    static let joinableBySandbox = ["network", "ipc", "uts"]
    static let joinableByContainer = ["pid", "cgroup", "time"]

    /// Where the namespace is that the container is to join.
    func path(ofNamespace type: String) -> String? {
        linux.namespaces?.first { $0.type == type }?.path.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Returns true if the configuration wants a new namespace of this kind.
    func isNew(_ type: String) -> Bool { linux.namespaces?.contains { $0.type == type && ($0.path ?? "").isEmpty } ?? false }

    private func refuseUnsupported() throws(RuntimeFailure) {
        let known = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"]
        let joinable = Self.joinableBySandbox + Self.joinableByContainer
        for namespace in linux.namespaces ?? [] {
            guard known.contains(namespace.type) else {
                throw Self.invalid("linux.namespaces", "the type \"\(namespace.type)\"", known.joined(separator: ", "))
            }
            if let path = namespace.path, !path.isEmpty {
                guard joinable.contains(namespace.type) else {
                    throw Self.unsupported(
                        "linux.namespaces: \(namespace.type) with a path", "only those of \(joinable.joined(separator: ", ")) can be joined")
                }
                // Its root owns nothing of the host's.
                guard !isNew("user") else {
                    throw Self.unsupported("linux.namespaces: \(namespace.type) with a path", "not together with a new user namespace")
                }
                guard path.hasPrefix("/") else {
                    throw Self.invalid("linux.namespaces: \(namespace.type)", "the path \"\(path)\"", "an absolute one")
                }
            }
        }
        if !isNew("mount") { throw Self.unsupported("linux.namespaces without mount", "a container always gets a mount namespace of its own") }
        let present: [(String, Bool)] = [
            ("linux.mountLabel", !(linux.mountLabel ?? "").isEmpty), ("linux.intelRdt", linux.intelRdt != nil),
            ("linux.memoryPolicy", linux.memoryPolicy != nil), ("linux.netDevices", !(linux.netDevices ?? [:]).isEmpty),
            ("hooks.createContainer with a user namespace", isNew("user") && !(spec.hooks?.createContainer ?? []).isEmpty),
        ]
        for (field, isPresent) in present where isPresent { throw Self.unsupported(field) }
        for hook in spec.hooks?.all ?? [] where !hook.path.hasPrefix("/") || (hook.timeout.map { $0 <= 0 } ?? false) {
            throw Self.invalid(
                "hooks", "\(hook.path) with the timeout \(hook.timeout.map(String.init) ?? "none")", "an absolute path, and more than 0 s")
        }
    }
}
