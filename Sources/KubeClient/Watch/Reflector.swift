package import KubeModel
import Logging
import Synchronization
import Timing

/// Keeps a copy of all objects of a scope, by one list and then a watch, for as long as `run()` runs.
///
/// The copy outlives failures: while the API server is away it stays as it was last seen.
package final class Reflector<Object: KubeObject>: Sendable {
    let client: KubeClient
    let scope: ObjectScope
    private let pageSize: Int?
    private let store = ReflectorStore<Object>()
    private let malformed = Mutex(ReportedProblems())
    private let lastFailure = Mutex<APIError?>(nil)
    private let settled = Latch()
    private let refusalPause: Duration?
    private let isWanted: @Sendable () -> Bool
    /// A server may ask for a longer pause, but a node that looks no more is of no use.
    private static var longestWish: Duration { .seconds(60) }

    /// - Parameters:
    ///   - pageSize: makes lists come in pages, for resources with many thousands of objects. Without it the API server answers from memory.
    ///   - refusalPause: until the next question, when the API server forbids the objects or does not know such ones; nil for the ordinary pauses
    ///     and a message.
    ///   - isWanted: false when no consumer needs the objects; `run()` then ends when the API server forbids them or does not know such objects.
    package init(
        _ client: KubeClient, of type: Object.Type = Object.self, scope: ObjectScope = .everything, pageSize: Int? = nil,
        refusalPause: Duration? = nil, isWanted: @escaping @Sendable () -> Bool = { true }
    ) {
        self.client = client
        self.scope = scope
        self.pageSize = pageSize
        self.refusalPause = refusalPause
        self.isWanted = isWanted
    }

    /// The objects as last seen.
    package var objects: [ObjectKey: Object] { store.objects }
    package func object(_ key: ObjectKey) -> Object? { store.object(key) }
    /// The first list is complete.
    package var hasSynced: Bool { store.hasSynced }
    /// Returns once the first list is complete or has failed, or the task is cancelled.
    package func waitForFirstList() async { await settled.wait() }
    /// Why the last list or watch failed; nil while all is well.
    package var failure: APIError? { lastFailure.withLock { $0 } }

    /// Returns all objects, then their changes, for one more consumer. Ends when `run()` has ended.
    package func updates() -> ReflectorUpdates<Object> { ReflectorUpdates(mailbox: store.subscribe()) }

    /// Lists and watches until the task is cancelled. Never throws: failures are logged and tried again.
    package func run() async {
        defer {
            settled.open()
            store.finish()
        }
        var backOff = BackOff(initial: .seconds(1), maximum: .seconds(30), jitter: 1)
        var position = WatchPosition()
        while !Task.isCancelled {
            let began = client.options.time.now()
            do {
                let version: String
                if let known = position.resourceVersion {
                    version = known
                } else {
                    version = try await relist(position.nextList)
                    position.listed(at: version)
                }
                try await watch(from: version, &position)
                // A watch that ends at once, again and again, must not become a busy loop.
                if client.options.time.now() - began > .seconds(1) {
                    backOff.reset()
                    continue
                }
            } catch let error as APIError {
                if error.isExpired {
                    position.expired()
                    // The list that follows is the cure; only when it does not help is this an error to wait for.
                    if client.options.time.now() - began > .seconds(1) || !backOff.hasFailed {
                        _ = backOff.next(random: 0)
                        continue
                    }
                } else if error.isInvalid || error.httpStatus == 400 {
                    position.expired()
                }
                if error.isForbidden || error.isNotFound {
                    if !isWanted() { return }
                    if let refusalPause {
                        settled.open()
                        try? await client.options.time.sleep(for: refusalPause)
                        continue
                    }
                }
                noteFailure(error)
                settled.open()
                if let wish = error.retryAfterSeconds { try? await client.options.time.sleep(for: min(.seconds(wish), Self.longestWish)) }
                if client.options.time.now() - began > .seconds(120) { backOff.reset() }
            } catch {
                return
            }
            do {
                try await client.options.time.sleep(for: backOff.next(random: client.options.random()))
            } catch {
                return
            }
        }
    }

    private func relist(_ start: ListStart) async throws -> String {
        var fresh: [ObjectKey: Object] = [:]
        var kept: Set<ObjectKey> = []
        let version = try await client.lenientList(scope, start: start, pageSize: pageSize) { (page: LenientList<Object>) in
            for item in page.items ?? [] {
                switch item.result {
                case .success(let object): fresh[object.key] = object
                case .failure(let problem):
                    if let key = problem.head?.key { kept.insert(key) }
                    report(problem)
                }
            }
        }
        // First: who sees the objects sees no failure any more.
        noteSuccess()
        store.replace(with: fresh, keeping: kept)
        settled.open()
        return version
    }

    private func watch(from version: String, _ position: inout WatchPosition) async throws {
        let seconds = 300 + Int(client.options.random() * 300)
        let time = client.options.time
        let progress = Mutex(position)
        defer { position = progress.withLock { $0 } }
        // The server ends the watch after `seconds`. A connection that is still open well after that is stuck.
        try await Deadline(after: .seconds(seconds + 30), time: time).run { [scope] in
            APIError(
                .timeout, operation: "watch", object: "\(Object.resource.plural) \(scope.fieldSelector ?? "")",
                reason: "it did not end after \(seconds) s")
        } _: {
            try await self.client.watchLines(Object.self, self.scope, from: version, seconds: seconds) { lines in
                try self.take(lines) { newer in progress.withLock { $0.advanced(to: newer) } }
                self.noteSuccess()
            }
        }
    }

    private func take(_ lines: [WatchLine<Object>], advance: (String) -> Void) throws {
        var stored: [ObjectKey: Object] = [:]
        var deleted: Set<ObjectKey> = []
        var newest: String?
        // Events before an error in the same chunk still count.
        defer {
            store.apply(stored: stored, deleted: deleted)
            if let newest, !newest.isEmpty { advance(newest) }
        }
        for line in lines {
            switch line {
            case .stored(let object):
                stored[object.key] = object
                deleted.remove(object.key)
                newest = object.metadata.resourceVersion ?? newest
            case .deleted(let key, let version):
                stored[key] = nil
                deleted.insert(key)
                newest = version ?? newest
            case .bookmark(let version): newest = version
            case .malformed(let problem):
                newest = problem.head?.metadata.resourceVersion ?? newest
                report(problem)
            case .unknown(let type):
                client.options.logger.debug(
                    "Skipped a watch event of an unknown type", metadata: ["type": "\(type)", "resource": "\(Object.resource.plural)"])
            case .error(let status):
                throw APIError(
                    .status, operation: "watch", object: Object.resource.plural,
                    reason: "the API server ended it: \(status.message ?? status.reason ?? "no message")", status: status,
                    retryAfterSeconds: status.details?.retryAfterSeconds)
            }
        }
    }

    private func report(_ problem: MalformedObject) {
        let name = problem.head.map { "\($0.key)" } ?? "without a name"
        guard malformed.withLock({ $0.isNew("\(name): \(problem.problem)") }) else { return }
        client.options.logger.error(
            "Skipped an unreadable object",
            metadata: ["resource": "\(Object.resource.plural)", "object": "\(name)", "problem": "\(problem.problem)"])
    }

    private func noteSuccess() {
        let before = lastFailure.withLock { failure in
            defer { failure = nil }
            return failure
        }
        guard before != nil else { return }
        client.options.logger.info("Watching again", metadata: metadata)
    }

    private func noteFailure(_ error: APIError) {
        let before = lastFailure.withLock { failure in
            defer { failure = error }
            return failure
        }
        // One line for each new kind of failure, not for each try.
        guard before?.description != error.description else { return }
        client.options.logger.warning("List or watch failed; trying again", metadata: metadata.merging(["error": "\(error)"]) { $1 })
    }

    private var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["resource": "\(Object.resource.plural)"]
        if let selector = scope.fieldSelector { metadata["fieldSelector"] = "\(selector)" }
        return metadata
    }
}
