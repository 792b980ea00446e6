import CLinux
import Glibc
import LinuxSystem
import PodCore
import Synchronization

/// A program that runs in a container, with the agent's ends of its pipes. The pipes themselves are the only buffer.
///
/// When the program has ended, what is in the pipes is still given; a process that it left behind and that holds them open is not waited for.
final class ShimExecSession: ExecSession {
    private static let chunk = 32 << 10

    private struct Streams {
        var output: OwnedFileDescriptor?
        var error: OwnedFileDescriptor?
        /// The one that is looked at first, so that neither stream starves the other.
        var errorFirst = false
    }

    private let id: String
    private let sandbox: Sandbox
    private let containerID: String
    private let exit: OneShot<Result<ContainerExit, RuntimeFailure>>
    private let input: Mutex<OwnedFileDescriptor?>
    private let streams: Mutex<Streams>
    private let ready: ReadinessSet

    /// Takes the agent's ends of the pipes over.
    init(
        id: String, sandbox: Sandbox, containerID: String, exit: OneShot<Result<ContainerExit, RuntimeFailure>>, input: OwnedFileDescriptor?,
        output: OwnedFileDescriptor?, error: OwnedFileDescriptor?
    ) throws(SystemError) {
        self.id = id
        self.sandbox = sandbox
        self.containerID = containerID
        self.exit = exit
        for end in [input, output, error].compactMap({ $0 }) { try Pipe.makeNonBlocking(end) }
        self.input = Mutex(input)
        streams = Mutex(Streams(output: output, error: error))
        ready = try ReadinessSet([output, error].compactMap { $0 })
        exit.onGiven { [ready] _ in ready.interrupt() }
    }

    func read() async throws(RuntimeFailure) -> ExecOutput? {
        while true {
            // Asked before the pipes are: what the program wrote before its end is in them then.
            let hasEnded = exit.ifGiven != nil
            if let output = try next() { return output }
            let isOpen = streams.withLock { $0.output != nil || $0.error != nil }
            if !isOpen || hasEnded {
                closeOutputs()
                return nil
            }
            do {
                try await ready.wait()
            } catch {
                throw ShimRuntime.translate(error, "read the output of a command", .internal)
            }
        }
    }

    /// What can be read right now.
    private func next() throws(RuntimeFailure) -> ExecOutput? {
        let (output, error, errorFirst) = streams.withLock { streams in
            streams.errorFirst.toggle()
            return (streams.output, streams.error, streams.errorFirst)
        }
        for isError in [errorFirst, !errorFirst] {
            guard let descriptor = isError ? error : output else { continue }
            do throws(SystemError) {
                let bytes = try descriptor.read(upTo: Self.chunk)
                if !bytes.isEmpty { return isError ? .stderr(bytes) : .stdout(bytes) }
                close(isError: isError)
            } catch {
                guard !error.is(EAGAIN) else { continue }
                throw RuntimeFailure(.internal, "the output of a command cannot be read: \(error)")
            }
        }
        return nil
    }

    private func close(isError: Bool) {
        let descriptor = streams.withLock { streams -> OwnedFileDescriptor? in
            defer { if isError { streams.error = nil } else { streams.output = nil } }
            return isError ? streams.error : streams.output
        }
        guard let descriptor else { return }
        ready.remove(descriptor)
        descriptor.close()
    }

    private func closeOutputs() {
        close(isError: false)
        close(isError: true)
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let descriptor = input.withLock({ $0 }) else { return }
            do throws(SystemError) {
                rest = rest.dropFirst(try PipeWriter.write(rest, to: descriptor))
                continue
            } catch {
                guard error.is(EAGAIN) else {
                    // The program has closed its stdin: nobody wants the bytes.
                    await closeInput()
                    return
                }
            }
            do {
                try await ReadinessLoop.shared().wait(for: descriptor, .writable)
            } catch {
                throw ShimRuntime.translate(error, "write to a command", .internal)
            }
        }
    }

    func closeInput() async {
        input.withLock { input in
            defer { input = nil }
            return input
        }?.close()
    }

    func exitCode() async throws(RuntimeFailure) -> Int {
        try await exit.value().get().exitCode
    }

    func terminate() async {
        await closeInput()
        if exit.ifGiven == nil, let connection = sandbox.connection {
            _ = try? await connection.request(SWL_VERB_SIGNAL, timeout: .seconds(10)) { [containerID, id] writer in
                writer.string(SWL_TAG_CONTAINER_ID, containerID)
                writer.string(SWL_TAG_EXEC_ID, id)
                writer.layout(SWL_TAG_SIGNAL, swl_signal(signal: SIGKILL, flags: UInt32(SWL_SIGNAL_ALL)))
            }
        }
        closeOutputs()
        ready.interrupt()
    }
}
