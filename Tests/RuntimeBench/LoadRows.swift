import Glibc
import LinuxSystem
import PodCore
import PodRuntime

/// Many pods: what they weigh, how fast they come and go, and whether anything of them stays.
struct LoadRows {
    let options: BenchOptions
    let world: BenchWorld
    let starts: StartRows

    /// Shim and pause of pods with one running container.
    func memory(_ table: inout BenchTable) async throws {
        for count in [1, 20] {
            var sandboxes: [String] = []
            for _ in 0..<count { sandboxes.append(try await world.startIdlePod().sandboxID) }
            let atOnce = try pss(count)
            // A shim gives back what only starting needs a second after the last event.
            try await Task.sleep(for: .seconds(2))
            let settled = try pss(count)
            for id in sandboxes { try await world.runtime.removeSandbox(id) }
            let what = "memory of shim and pause, PSS, \(count) pod\(count == 1 ? "" : "s")"
            table.figure(what + ", just started", atOnce, "KB each")
            table.figure(what + ", 2 s later", settled, "KB each", .atMost(350))
        }
    }

    private func pss(_ count: Int) throws -> Double {
        var bytes = 0
        for pid in try Traces.shimsAndPauses(world) { bytes += try Traces.memory(of: pid, "Pss:") }
        return Double(bytes) / Double(count) / 1024
    }

    func churn(_ table: inout BenchTable) async throws {
        try await churn(pods: options.parallel)
        let cpu = try Traces.processorTime()
        let start = KernelClock.monotonic
        try await churn(pods: options.pods)
        let seconds = Double(KernelClock.monotonic - start) / 1e9
        let used = try Traces.processorTime() - cpu
        table.figure("\(options.pods) pods made and removed, \(options.parallel) at a time", Double(options.pods) / seconds, "pods/s", .atLeast(100))
        table.figure("processor time of the machine for each", used / Double(options.pods) * 1e3, "ms")
    }

    func leaks(_ table: inout BenchTable) async throws {
        let before = try Traces(world)
        try await churn(pods: options.leakPods)
        // A network namespace that lost its last process is taken down by the kernel a little later; nothing tells when.
        var left = try Traces(world).beyond(before)
        let deadline = KernelClock.monotonic + 10_000_000_000
        while !left.isEmpty, KernelClock.monotonic < deadline {
            try await Task.sleep(for: .milliseconds(50))
            left = try Traces(world).beyond(before)
        }
        for trace in left.prefix(10) { RuntimeBench.say("left behind: \(trace)") }
        table.row(
            "left behind by \(options.leakPods) pods", left.isEmpty ? "nothing" : "\(left.count) things",
            target: ("nothing", left.isEmpty))
    }

    private func churn(pods: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var started = 0
            for _ in 0..<min(options.parallel, pods) {
                started += 1
                group.addTask { _ = try await starts.runPod() }
            }
            while try await group.next() != nil {
                guard started < pods else { continue }
                started += 1
                group.addTask { _ = try await starts.runPod() }
            }
        }
    }

    /// An exec's output, read here; the growth is of this process, which is what the agent would be.
    func stream(_ table: inout BenchTable) async throws {
        let (sandboxID, containerID) = try await world.startIdlePod()
        func read(_ bytes: Int) async throws {
            let session = try await world.runtime.exec(
                ExecRequest(
                    sandboxID: sandboxID, containerID: containerID, command: ["/bin/busybox", "head", "-c", "\(bytes)", "/dev/zero"],
                    stdin: false, stdout: true, stderr: true))
            var got = 0
            while let output = try await session.read() {
                if case .stdout(let part) = output { got += part.count }
            }
            guard got == bytes else { throw CrunPeer.Failed(description: "an exec's output has \(got) bytes, wanted \(bytes)") }
        }
        try await read(64 << 20)
        let before = try Traces.memory(of: getpid(), "Anonymous:")
        let start = KernelClock.monotonic
        try await read(options.streamBytes)
        let seconds = Double(KernelClock.monotonic - start) / 1e9
        let after = try Traces.memory(of: getpid(), "Anonymous:")
        try await world.runtime.removeSandbox(sandboxID)
        table.figure("exec: output read", Double(options.streamBytes) / seconds / 1e6, "MB/s")
        table.figure("exec: growth of the reader meanwhile", Double(after - before) / 1024, "KB", .atMost(1024))
    }

    /// Lines of 512 bytes out of a file, into a log on tmpfs that is not rotated.
    func log(_ table: inout BenchTable) async throws {
        let line = String(repeating: "0123456789abcdef", count: 32).dropLast() + "\n"
        let chunk = [UInt8](String(repeating: String(line), count: 2048).utf8)
        let repeats = max(1, options.logBytes / (chunk.count * 32))
        // On tmpfs too, so that reading it is no work worth mentioning.
        let source = world.runDirectory + "/lines"
        try AtomicFile.replace(source, with: Array(repeatElement(chunk, count: 32).joined()))
        let bytes = Double(chunk.count * 32 * repeats)
        let sandbox = world.sandbox()
        _ = try await world.runtime.createSandbox(sandbox)
        let log = world.runDirectory + "/log/0.log"
        var container = world.container(
            ["/bin/cat"] + Array(repeating: "/lines", count: repeats),
            mounts: [ContainerConfiguration.Mount(source: source, destination: "/lines", readOnly: true)], log: log)
        container.log.maxSize = 0
        guard let shim = try Traces.shims(world).first else { throw CrunPeer.Failed(description: "the shim is not there") }
        // Without the pages of its program, of which the kernel maps sixteen wherever it gets to for the first time.
        let before = try Traces.memory(of: shim, "Anonymous:")
        let start = KernelClock.monotonic
        _ = try await world.runtime.startContainer(container, inSandbox: sandbox.id)
        let exit = await world.exit(of: container.id)
        let seconds = Double(KernelClock.monotonic - start) / 1e9
        let after = try Traces.memory(of: shim, "Anonymous:")
        let written = try FileStatus(of: log, follow: true).size
        try await world.runtime.removeSandbox(sandbox.id)
        guard exit.exitCode == 0, Double(written) > bytes else {
            throw CrunPeer.Failed(description: "the log has \(written) bytes after \(exit), wanted more than \(bytes)")
        }
        table.figure("log: lines of 512 bytes into tmpfs", bytes / seconds / 1e6, "MB/s", .atLeast(400))
        table.figure("log: growth of the shim meanwhile", Double(after - before) / 1024, "KB", .atMost(64))
    }
}
