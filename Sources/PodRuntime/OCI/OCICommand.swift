import CLinux
import FoundationEssentials
import Glibc
import KubeModel
import LinuxSystem
import Logging
import PodCore

/// `swiftlet oci`: one command over one container, as container managers and test suites call every OCI runtime.
package enum OCICommand {
    /// Runs a command line to its end and says with which exit code to leave. Results go to standard output, problems to standard error.
    /// - Parameters:
    ///   - version: of this program.
    ///   - signals: what arrives from now on, for passing it on to a container in the foreground.
    package static func run(_ arguments: [String], version: String, signals: () async -> AsyncStream<Int32>) async -> Int32 {
        let line: OCICommandLine
        do {
            line = try OCICommandLine(arguments, directory: FileManager.default.currentDirectoryPath)
        } catch {
            tell(STDERR_FILENO, "swiftlet oci: \(error)")
            return error is OCICommandLine.Usage ? 2 : 1
        }
        let logger = Logger(label: "oci") { _ in OCILog(path: line.log, format: line.logFormat) }
        do throws(RuntimeFailure) {
            return try await run(line, logger, version, signals)
        } catch {
            logger.error("\(error)")
            return 1
        }
    }

    private static func run(
        _ line: OCICommandLine, _ logger: Logger, _ version: String, _ signals: () async -> AsyncStream<Int32>
    ) async throws(RuntimeFailure) -> Int32 {
        switch line.command {
        case .help:
            tell(STDOUT_FILENO, OCICommandLine.help)
            return 0
        case .version:
            tell(STDOUT_FILENO, "swiftlet version \(version)\nspec: \(OCIFeatures.specification)")
            return 0
        case .features:
            tell(STDOUT_FILENO, try OCIFeatures().json())
            return 0
        default: break
        }
        guard geteuid() == 0 else { throw RuntimeFailure(.create, "this needs root: it makes namespaces, cgroups and mounts") }
        let runtime = OCIRuntime(settings: line.settings, logger: logger)
        switch line.command {
        case .create(let request): try await runtime.create(request)
        case .start(let id): try await runtime.start(id)
        case .state(let id): tell(STDOUT_FILENO, try await runtime.state(id).json(pretty: true))
        case .kill(let id, let signal, let all): try await runtime.kill(id, signal: signal, all: all)
        case .delete(let id, let force): try await runtime.delete(id, force: force)
        case .run(let request, let detach):
            guard !detach else { return try await runtime.runDetached(request) }
            return try await runtime.run(request, signals: await signals())
        case .help, .version, .features: break
        }
        return 0
    }

    static func tell(_ descriptor: Int32, _ text: String) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension OCIRuntime {
    func runDetached(_ request: CreateRequest) async throws(RuntimeFailure) -> Int32 {
        try await create(request)
        do throws(RuntimeFailure) {
            try await start(request.id)
        } catch {
            try await delete(request.id, force: true)
            throw error
        }
        return 0
    }

    /// Creates, starts, waits for the end, deletes.
    /// - Returns: the container's exit code.
    func run(_ request: CreateRequest, signals: AsyncStream<Int32>) async throws(RuntimeFailure) -> Int32 {
        try await create(request)
        let forwarding = Task { [self] in
            for await signal in signals { try? await kill(request.id, signal: signal, all: false) }
        }
        defer { forwarding.cancel() }
        let result: Result<Int32, RuntimeFailure>
        do throws(RuntimeFailure) {
            result = .success(try await startAndWait(request.id))
        } catch {
            result = .failure(error)
        }
        try await delete(request.id, force: true)
        return try result.get()
    }

    private func startAndWait(_ id: String) async throws(RuntimeFailure) -> Int32 {
        let sandboxID = try OCIContainer.sandboxID(id)
        let ended = OneShot<swl_exit?>()
        let connection = try await connect(
            sandboxID,
            onEvent: { message in
                if swl_type(message.type) == SWL_EVENT_EXITED { ended.give(message.exit) }
            }, onEnd: { ended.give(nil) })
        guard let connection else { throw RuntimeFailure(.start, "the container's shim has ended") }
        defer { connection.close() }
        let subscribed = try await connection.request(SWL_VERB_SUBSCRIBE, timeout: .seconds(10))
        if let refusal = subscribed.refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        try await start(id)
        if let exit = await ended.value() { return exit.exit_code }
        guard let exit = try ContainerStateFile.exit(at: containerDirectory(sandboxID) + "/exit") else {
            throw RuntimeFailure(.internal, "the container's shim has ended, and with it the container; its exit code is not known")
        }
        return exit.exit_code
    }
}

/// Problems as a person reads them on standard error, and in the file of `--log` as container managers do.
struct OCILog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning
    let path: String?
    let format: OCICommandLine.LogFormat

    init(path: String?, format: OCICommandLine.LogFormat) {
        self.path = path
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    private struct Line: Encodable {
        let level: String
        let msg: String
        let time: String
    }

    func log(event: LogEvent) {
        OCICommand.tell(STDERR_FILENO, "swiftlet oci: \(event.message)")
        guard let path, let file = try? OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600) else { return }
        let line = Line(level: event.level.rawValue, msg: "\(event.message)", time: Timestamp.now.rfc3339())
        let text =
            switch format {
            case .text: "time=\"\(line.time)\" level=\(line.level) msg=\"\(line.msg)\""
            case .json: (try? JSONEncoder().encode(line)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            }
        try? file.writeAll(Array((text + "\n").utf8))
    }
}
