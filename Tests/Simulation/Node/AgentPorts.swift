import PodCore
import Synchronization
import Timing

/// The node as one agent sees it. When the agent is killed, nothing that it still calls has an effect.
final class AgentPorts: Sendable {
    let node: SimulatedNode
    let events: AsyncStream<RuntimeEvent>
    private let sink: AsyncStream<RuntimeEvent>.Continuation
    private let isDead = Mutex(false)

    var world: World { node.world }

    init(_ node: SimulatedNode) {
        self.node = node
        (events, sink) = AsyncStream.makeStream(of: RuntimeEvent.self)
    }

    func connect() { node.connect(sink) }

    func kill() {
        isDead.withLock { $0 = true }
        node.connect(nil)
    }

    /// Takes the time of a call. Returns false for an agent that was killed meanwhile.
    func pass() async -> Bool {
        do { try await world.time.sleep(for: world.delay()) } catch { return false }
        return isAlive
    }

    var isAlive: Bool { !isDead.withLock { $0 } }

    /// Performs a call: it may fail before its effect, or lose its answer after it.
    func call<T, Failure: Error>(
        _ what: String, failure: Failure, oneIn count: Int = 30, losesAnswers: Bool = true, _ effect: (inout NodeState) throws(Failure) -> T
    ) async throws(Failure) -> T {
        guard await pass() else { throw failure }
        if world.fails(oneIn: count) {
            world.note("\(what) fails")
            throw failure
        }
        world.note(what)
        let result: Result<T, Failure> = node.state.withLock { state in
            do throws(Failure) { return .success(try effect(&state)) } catch { return .failure(error) }
        }
        let value = try result.get()
        guard await pass() else { throw failure }
        if losesAnswers, world.fails(oneIn: count) {
            world.note("\(what) loses its answer")
            throw failure
        }
        return value
    }
}
