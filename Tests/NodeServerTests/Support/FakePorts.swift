import PodCore
import Synchronization

/// Ports of a pod by their numbers: 7 returns what it gets, 9 takes nothing until it is released, 13 answers at once and ends, 80 answers after the
/// client's end, 19 writes without an end, 104 breaks off after its first bytes. Everything else is refused.
final class FakePorts: SandboxPorts {
    static let answer = 10 << 20

    private let made = Mutex<[FakeConnection]>([])

    var connections: [FakeConnection] { made.withLock { $0 } }

    /// Connections that were not closed.
    var open: Int { connections.filter { !$0.isClosed }.count }

    func connect(port: UInt16, inSandbox sandboxID: String) async throws(RuntimeFailure) -> any SandboxConnection {
        let script: FakeConnection.Script
        switch port {
        case 7: script = .echo
        case 9: script = .stuck
        case 13: script = .once
        case 19: script = .endless
        case 80: script = .answer
        case 104: script = .breakOff
        default: throw RuntimeFailure(.notRunning, "failed to connect to localhost:\(port): connection refused")
        }
        let connection = FakeConnection(script)
        made.withLock { $0.append(connection) }
        return connection
    }
}

/// A program's end of a connection, with a bounded buffer like a socket's.
final class FakeConnection: SandboxConnection {
    enum Script { case echo, stuck, once, endless, answer, breakOff }

    private struct State {
        var pending: [[UInt8]] = []
        var received = 0
        var produced = 0
        var left = 0
        var hasEnd = false
        var isBroken = false
        var isReleased = false
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private static let piece = 64 << 10

    private let script: Script
    private let state = Mutex(State())

    init(_ script: Script) {
        self.script = script
        if script == .once { change { $0.left = FakePorts.answer } }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    var produced: Int { state.withLock { $0.produced } }
    var received: Int { state.withLock { $0.received } }
    var hasEnd: Bool { state.withLock { $0.hasEnd } }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        while true {
            enum Step {
                case bytes([UInt8])
                case end, broken, wait
            }
            let step = state.withLock { state -> Step in
                if state.isClosed { return .end }
                if state.isBroken { return .broken }
                if !state.pending.isEmpty { return .bytes(state.pending.removeFirst()) }
                if script == .endless || state.left > 0 {
                    let count = script == .endless ? Self.piece : min(Self.piece, state.left)
                    state.left -= count
                    state.produced += count
                    return .bytes([UInt8](repeating: 0x61, count: count))
                }
                return state.hasEnd || script == .once ? .end : .wait
            }
            switch step {
            case .bytes(let bytes): return bytes
            case .end: return nil
            case .broken: throw RuntimeFailure(.internal, "connection reset by peer")
            case .wait: await wait { $0.isClosed || $0.isBroken || !$0.pending.isEmpty || $0.left > 0 || $0.hasEnd }
            }
        }
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) {
        while script == .stuck, !state.withLock({ $0.isReleased }) {
            if isClosed { throw RuntimeFailure(.internal, "closed") }
            await wait { $0.isClosed || $0.isReleased }
        }
        change { state in
            state.received += bytes.count
            if script == .echo { state.pending.append(bytes) }
            if script == .breakOff { state.isBroken = true }
        }
    }

    func closeOutput() {
        change { state in
            state.hasEnd = true
            if script == .answer { state.left = FakePorts.answer }
        }
    }

    func close() { change { $0.isClosed = true } }

    /// A program that took nothing takes everything from now on.
    func release() { change { $0.isReleased = true } }

    private func wait(until isReady: (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state -> Bool in
                if isReady(state) { return true }
                state.waiting.append(continuation)
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    private func change(_ body: (inout sending State) -> Void) {
        let waiting = state.withLock { state in
            body(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
