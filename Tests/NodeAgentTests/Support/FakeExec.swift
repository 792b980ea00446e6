import PodCore
import Synchronization
import TestSupport
import Timing

/// A command in a container whose output and end the test decides.
final class FakeExec: ContainerStreams {
    let startFailure: RuntimeFailure?
    let did = Journal<String>()
    private let outputs: Mutex<[StreamOutput]>
    private let end: Result<Int, RuntimeFailure>
    /// Until then the command runs on after its output.
    private let time: ManualTime?

    /// - Parameter time: a command with it never ends by itself.
    init(
        _ outputs: [StreamOutput] = [], end: Result<Int, RuntimeFailure> = .success(0), startFailure: RuntimeFailure? = nil,
        endless time: ManualTime? = nil
    ) {
        self.outputs = Mutex(outputs)
        self.end = end
        self.startFailure = startFailure
        self.time = time
    }

    static func exit(_ code: Int, stdout: String = "", stderr: String = "") -> FakeExec {
        FakeExec([.stderr(Array(stderr.utf8)), .stdout(Array(stdout.utf8))], end: .success(code))
    }

    func read() async throws(RuntimeFailure) -> StreamOutput? {
        if let output = outputs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return output }
        guard let time else { return nil }
        do { try await time.sleep(for: .seconds(1 << 20)) } catch { throw RuntimeFailure(.internal, "cancelled") }
        return nil
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) {}
    func closeInput() async {}
    func resize(_ size: TerminalSize) async throws(RuntimeFailure) {}
    func exitCode() async throws(RuntimeFailure) -> Int { try end.get() }
    func terminate() async { did.note("terminate") }
}
