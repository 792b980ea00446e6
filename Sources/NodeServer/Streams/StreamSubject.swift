import PodCore

/// The program that a client is connected with: a new program (exec) or the container's own (attach).
enum StreamSubject: Sendable {
    case exec(ExecRequest)
    case attach(AttachRequest)

    init(_ kind: EndpointPath.StreamKind, _ location: ContainerLocation, _ target: RequestTarget) throws(Refusal) {
        switch kind {
        case .exec:
            let options = try ExecOptions(target)
            let streams = options.streams
            self = .exec(
                ExecRequest(
                    sandboxID: location.sandboxID, containerID: location.containerID, command: options.command, stdin: streams.stdin,
                    stdout: streams.stdout, stderr: streams.stderr, terminal: streams.terminal))
        case .attach:
            let streams = try StreamOptions(target)
            self = .attach(
                AttachRequest(
                    sandboxID: location.sandboxID, containerID: location.containerID, stdin: streams.stdin, stdout: streams.stdout,
                    stderr: streams.stderr))
        }
    }

    /// The streams of a request, or the reason why ``init(_:_:_:)`` would refuse it; the container need not be known for it.
    static func options(_ kind: EndpointPath.StreamKind, _ target: RequestTarget) throws(Refusal) -> StreamOptions {
        switch kind {
        case .exec: try ExecOptions(target).streams
        case .attach: try StreamOptions(target)
        }
    }

    /// - Parameter size: of the new program's terminal when it starts; `nil` if it is not known then.
    func open(_ runtime: any ContainerRuntime, size: TerminalSize?) async throws(RuntimeFailure) -> any ContainerStreams {
        switch self {
        case .exec(var request):
            request.size = size
            return try await runtime.exec(request)
        case .attach(let request): return try await runtime.attach(request)
        }
    }

    /// Whether a new program starts on a terminal.
    var startsTerminal: Bool {
        switch self {
        case .exec(let request): request.terminal
        case .attach: false
        }
    }

    var stdin: Bool {
        switch self {
        case .exec(let request): request.stdin
        case .attach(let request): request.stdin
        }
    }

    var stdout: Bool {
        switch self {
        case .exec(let request): request.stdout
        case .attach(let request): request.stdout
        }
    }

    var stderr: Bool {
        switch self {
        case .exec(let request): request.stderr
        case .attach(let request): request.stderr
        }
    }

    /// Begins the message of a failure, in kubelet's words.
    var failure: String {
        switch self {
        case .exec: "error executing command in container"
        case .attach: "error attaching to container"
        }
    }
}
