import NIOCore
import NIOHTTP1
import NIOSSL
import PodCore

/// A GET request with its redirects, by the rules of kubelet's client.
struct HTTPProbe {
    private static let redirectLimit = 10
    private static let closePatience = TimeAmount.seconds(1)

    let check: HTTPCheck
    let deadline: NIODeadline?
    /// In bytes; 0: the answer's head is enough.
    let bodyLimit: Int

    init(_ check: HTTPCheck, deadline: NIODeadline?, bodyLimit: Int = 10 << 10) {
        self.check = check
        self.deadline = deadline
        self.bodyLimit = bodyLimit
    }

    func result() async -> ProbeResult {
        do throws(HTTPFailure) {
            let answer = try await answer()
            switch answer.status {
            case 200..<300: return .success(warning: nil)
            case 300..<400: return .success(warning: "Probe terminated redirects, Response body: \(answer.body)")
            default: return .failure(message: "HTTP probe failed with statuscode: \(answer.status)")
            }
        } catch {
            return error.kind == .body ? .unknown(message: error.text) : .failure(message: error.text)
        }
    }

    /// Returns the answer that ends the redirects.
    func answer() async throws(HTTPFailure) -> HTTPAnswer {
        var current = check
        for count in 1... {
            let answer = try await answer(to: current)
            guard let location = answer.redirect else { return answer }
            switch current.redirect(to: location) {
            case .otherHost: return answer
            case .impossible(let reason): throw HTTPFailure(.noAnswer, "Get \(GoText.quoted(location)): \(reason)")
            case .to(let next): current = next
            }
            if count == Self.redirectLimit {
                throw HTTPFailure(.noAnswer, "Get \(GoText.quoted(location)): stopped after \(Self.redirectLimit) redirects")
            }
        }
        preconditionFailure("The loop ends by its limit")
    }

    private func answer(to check: HTTPCheck) async throws(HTTPFailure) -> HTTPAnswer {
        func failure(_ reason: String) -> HTTPFailure { HTTPFailure(.noAnswer, "Get \(GoText.quoted(check.url)): \(reason)") }
        if let objection = check.objection { throw failure(objection) }
        let hasHead = Milestone()
        let connection = ProbeConnection(host: check.host, port: check.port, deadline: deadline, patience: Self.closePatience)
        do {
            return try await connection.run { [bodyLimit] channel, answer in
                try Self.addHandlers(to: channel.pipeline.syncOperations, check, bodyLimit, answer, hasHead)
            }
        } catch let error as HTTPFailure {
            throw error.kind == .body ? error : HTTPFailure(error.kind, failure(error.text).text)
        } catch let error as DialFailure {
            throw failure(error.text(host: check.host, port: check.port))
        } catch is ProbeTimeout {
            guard hasHead.isReached else { throw failure("context deadline exceeded (Client.Timeout exceeded while awaiting headers)") }
            throw HTTPFailure(.body, "context deadline exceeded (Client.Timeout or context cancellation while reading body)")
        } catch is CancellationError {
            throw failure("context canceled")
        } catch {
            throw failure("\(error)")
        }
    }

    private static func addHandlers(
        to pipeline: ChannelPipeline.SynchronousOperations, _ check: HTTPCheck, _ bodyLimit: Int, _ answer: EventLoopPromise<HTTPAnswer>,
        _ hasHead: Milestone
    ) throws {
        let raw = FirstBytes()
        var clear = raw
        try pipeline.addHandler(raw)
        if check.scheme == .https {
            clear = FirstBytes()
            try pipeline.addHandler(try ProbeTLS.handler(host: check.host))
            try pipeline.addHandler(clear)
        }
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(
            HTTPExchange(check.request, bodyLimit: bodyLimit, answer: answer, hasHead: hasHead, raw: raw, clear: clear))
    }
}
