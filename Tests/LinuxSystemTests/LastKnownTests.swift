import TestSupport
import Testing

@testable import LinuxSystem

@Suite("A value whose reading may hang", .timeLimit(.minutes(1))) struct LastKnownTests {
    private struct Refused: Error {}

    /// A number that can be read while the gate is open; until then readers hang.
    private final class Source: Sendable {
        private struct State {
            var isOpen: Bool
            var number: Int
        }

        private let state: ThreadCondition<State>

        init(isOpen: Bool) { state = ThreadCondition(State(isOpen: isOpen, number: 1)) }

        func read() -> Int { state.wait { $0.isOpen ? $0.number : nil } }

        func close(next number: Int) { state.withLock { $0 = State(isOpen: false, number: number) } }

        func open() {
            state.withLock { $0.isOpen = true }
            state.wakeAll()
        }
    }

    @Test("a reading that hangs gives the last value, however often it is asked for, and a new one once it answers") func hanging() async throws {
        let source = Source(isOpen: true)
        defer { source.open() }
        let value = LastKnown("read", deadline: .milliseconds(50)) { source.read() }
        try await eventually("a first value") { (try? await value.value()) == 1 }
        source.close(next: 2)
        for _ in 0..<12 { #expect(try await value.value() == 1) }
        source.open()
        try await eventually("a new value") { try await value.value() == 2 }
    }

    @Test("without a value of before, and for other errors, there is no value") func withoutValue() async throws {
        let source = Source(isOpen: false)
        defer { source.open() }
        let hanging = LastKnown("read", deadline: .milliseconds(50)) { source.read() }
        let error = await #expect(throws: SystemError.self) { _ = try await hanging.value() }
        #expect(error?.code == .timedOut)
        let refused = LastKnown<Int>("read", deadline: .seconds(30)) { throw Refused() }
        await #expect(throws: Refused.self) { _ = try await refused.value() }
    }
}
