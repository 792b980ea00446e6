import CLinux
import Glibc
import LinuxSystem
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConcurrencyTests {
    @Test("the pool returns results and throws errors")
    func poolRunsAndThrows() async throws {
        let pool = BlockingPool(name: "test", threads: 2, queueLimit: 100)
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await pool.run {
                        usleep(1000)
                        return number
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 49 * 25)
        await #expect(throws: SystemError.self) { try await pool.run { throw SystemError(call: "x", errno: EIO) } }
    }

    @Test("the pool answers at the deadline and replaces the stuck thread")
    func poolAnswersAtTheDeadlineAndReplacesTheThread() async throws {
        let pool = BlockingPool(name: "test", threads: 1, queueLimit: 100)
        let gate = Mutex(true)
        let error = await #expect(throws: SystemError.self) {
            try await pool.run("stuck mount", deadline: .milliseconds(30)) {
                while gate.withLock({ $0 }) { usleep(1000) }
            }
        }
        #expect(error?.code == .timedOut)
        #expect(error?.call == "stuck mount")
        #expect(try await pool.run(deadline: .seconds(10)) { 5 } == 5, "the only thread is stuck, another takes its place")
        gate.withLock { $0 = false }
    }

    @Test("calls on one path run one at a time, and beside calls on other paths") func callsOnOnePath() async throws {
        let pool = BlockingPool(name: "test", threads: 4, queueLimit: 100)
        let (begun, ended, inside) = (Counter(), Counter(), Journal<Int>())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await pool.run("stat", on: "/a") {
                        inside.note(begun.next() + 1 - ended.count)
                        usleep(500)
                        ended.next()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.entries == Array(repeating: 1, count: 20))
        let gate = Mutex(true)
        async let first: Void = pool.run("stat", on: "/a") { while gate.withLock({ $0 }) { usleep(500) } }
        #expect(try await pool.run("stat", on: "/b") { 5 } == 5)
        gate.withLock { $0 = false }
        try await first
    }

    @Test("after a call on a path was given up, others on it fail at once until it returns") func pathThatHangs() async throws {
        let pool = BlockingPool(name: "test", threads: 1, queueLimit: 100)
        let gate = Locked(true)
        let given = await withTaskGroup(of: SystemError?.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do {
                        try await pool.run("stat", on: "/dead", deadline: .milliseconds(30)) { while gate.value { usleep(500) } }
                        return nil
                    } catch { return error as? SystemError }
                }
            }
            return await group.reduce(into: [SystemError?]()) { $0.append($1) }
        }
        #expect(given.allSatisfy { $0?.path == "/dead" && ($0?.code == .timedOut || $0?.code == .busy) })
        for _ in 0..<10 {
            let error = await #expect(throws: SystemError.self) { try await pool.run("stat", on: "/dead") {} }
            #expect(error?.code == .busy && "\(error!)".hasPrefix("stat /dead: hangs since 20"))
        }
        #expect(try await pool.run("stat", on: "/alive") { 5 } == 5, "one thread is left")
        #expect(pool.problem == nil)
        await #expect(throws: SystemError.self) {
            try await pool.run("walk", deadline: .milliseconds(30)) { while gate.value { usleep(500) } }
        }
        let problem = pool.problem ?? ""
        #expect(problem.hasPrefix("all 2 threads of the pool test hang: /dead since 20") && problem.contains(", walk since 20"), "\(problem)")
        gate.set(false)
        try await eventually("the calls have returned") { pool.problem == nil }
        try await eventually("the path is free again") { (try? await pool.run("stat", on: "/dead") { 5 }) == 5 }
    }

    @Test("the pool refuses jobs beyond its queue")
    func poolRefusesWhatItCannotQueue() async throws {
        let pool = BlockingPool(name: "test", threads: 1, queueLimit: 1)
        let gate = Mutex(true)
        let running = Mutex(false)
        async let first: Void = pool.run {
            running.withLock { $0 = true }
            while gate.withLock({ $0 }) { usleep(500) }
        }
        while !running.withLock({ $0 }) { await Task.yield() }
        let results = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do {
                        try await pool.run {}
                        return true
                    } catch { return (error as? SystemError)?.code != .busy }
                }
            }
            var refused = 0
            for await accepted in group {
                if !accepted { refused += 1 }
                if refused == 4 { gate.withLock { $0 = false } }
            }
            return refused
        }
        #expect(results == 4)
        try await first
    }

    @Test("a job cancelled before its start does not run")
    func cancelledBeforeItStarts() async throws {
        let pool = BlockingPool(name: "test", threads: 1, queueLimit: 10)
        let gate = Mutex(true)
        async let first: Void = pool.run { while gate.withLock({ $0 }) { usleep(500) } }
        let second = Task { try await pool.run { 1 } }
        second.cancel()
        await #expect(throws: CancellationError.self) { _ = try await second.value }
        gate.withLock { $0 = false }
        try await first
    }

    @Test("records keep their boundaries and descriptors")
    func recordsKeepTheirBordersAndDescriptors() async throws {
        let (left, right) = try SeqPacketSocket.pair(recordLimit: 1000)
        let file = try OwnedFileDescriptor.open("/proc/self/status", O_RDONLY)
        try await left.send([1, 2, 3], descriptors: [file, file])
        try await left.send([4])
        let record = try #require(try await right.receive(timeout: .seconds(60)))
        #expect(record.bytes == [1, 2, 3])
        #expect(record.descriptors.count == 2)
        #expect(try FileStatus(of: record.descriptors[1]).inode == FileStatus(of: file).inode)
        #expect(try await right.receive()?.bytes == [4])
        #expect(try left.peer().pid == getpid())

        async let later = right.receive()
        try await left.send([9])
        #expect(try await later?.bytes == [9])

        let tooLarge = await #expect(throws: SystemError.self) { try await left.send([UInt8](repeating: 0, count: 1001)) }
        #expect(tooLarge?.code == .tooLarge)
        let timedOut = await #expect(throws: SystemError.self) { _ = try await right.receive(timeout: .milliseconds(10)) }
        #expect(timedOut?.code == .timedOut)
        left.close()
        #expect(try await right.receive() == nil)
        let closed = await #expect(throws: SystemError.self) { try await right.send([1]) }
        #expect(closed?.code == .closed)
    }

    @Test("refused records leak no descriptor")
    func refusedRecordsLeakNoDescriptor() async throws {
        let (left, right) = try SeqPacketSocket.pair()
        let narrow = SeqPacketSocket(adopting: try right.descriptor.duplicate(), recordLimit: 10)
        let (read, write) = try pipe()
        try await left.send([UInt8](repeating: 7, count: 100), descriptors: [write])
        write.close()
        let error = await #expect(throws: SystemError.self) { _ = try await narrow.receive() }
        #expect(error?.code == .tooLarge)
        // The pipe ends only when the last copy of its write end is closed.
        #expect(try read.readAll(limit: 10).isEmpty)
    }

    @Test("a client connects to a listener")
    func connectingToAListener() async throws {
        let directory = try TemporaryFolder()
        let path = directory.sub("socket")
        let missing = await #expect(throws: SystemError.self) { _ = try await SeqPacketSocket.connect(to: path) }
        #expect(missing?.errno == ENOENT)
        let listener = try descriptorCall("socket") { swl_unix_socket(Int32(SOCK_SEQPACKET.rawValue), 0) }
        try systemCall("listen", path) { swl_unix_listen(listener.rawValue, path, 0) }
        let first = try await SeqPacketSocket.connect(to: path)
        try await first.send([1])
        // The backlog holds one: the next has to wait for its turn.
        let late = await #expect(throws: SystemError.self) {
            _ = try await SeqPacketSocket.connect(to: path, timeout: .milliseconds(30))
        }
        #expect(late?.code == .timedOut)
        let accepted = SeqPacketSocket(adopting: try descriptorCall("accept4") { swl_accept(listener.rawValue) })
        #expect(try await accepted.receive(timeout: .seconds(60))?.bytes == [1])
        let peer = try accepted.peer()
        #expect(peer.pid == getpid() && peer.uid == getuid() && peer.gid == getgid())
        let long = await #expect(throws: SystemError.self) {
            _ = try await SeqPacketSocket.connect(to: "/" + String(repeating: "x", count: 200))
        }
        #expect(long?.errno == ENAMETOOLONG)
        extendLifetime(listener)
    }

    @Test("a send to a full peer waits")
    func aFullPeerIsWaitedFor() async throws {
        let (left, right) = try SeqPacketSocket.pair()
        let payload = [UInt8](repeating: 1, count: 60_000)
        async let sending: Void = { for _ in 0..<50 { try await left.send(payload) } }()
        var count = 0
        while count < 50 {
            #expect(try await right.receive(timeout: .seconds(60))?.bytes.count == 60_000)
            count += 1
        }
        try await sending
    }

    /// The pool starts a worker on the thread that resumes a task; none may be started inside a namespace.
    @Test("no worker inherits a namespace", .enabled(if: isRoot, "needs root")) func noWorkerInheritsANamespace() async throws {
        let own = try Namespace.current(.net).inode()
        let other = try await Namespace.make(.net)
        // At priorities of their own, whose workers are started for these tasks only. Whether one is still to be started when the visitor
        // comes back is chance, so each is a chance.
        for priority in [TaskPriority.background, .utility, .high] {
            let steps = Steps()
            let visitor = Task.detached(priority: priority) {
                try await other.withThread {
                    steps.isInside.store(true, ordering: .sequentiallyConsistent)
                    Steps.wait(for: steps.isOccupied)
                }
                defer { steps.isBack.store(true, ordering: .sequentiallyConsistent) }
                return try Namespace.current(.net).inode()
            }
            Steps.wait(for: steps.isInside)
            // The visitor's worker is idle in a moment and takes the second task.
            usleep(20_000)
            let occupant = Task.detached(priority: priority) {
                steps.isOccupied.store(true, ordering: .sequentiallyConsistent)
                Steps.wait(for: steps.isBack)
            }
            await occupant.value
            #expect(try await visitor.value == own)
        }
    }

    private final class Steps: Sendable {
        let isInside = Atomic(false)
        let isOccupied = Atomic(false)
        let isBack = Atomic(false)

        /// At most one second, on the thread itself.
        static func wait(for flag: borrowing Atomic<Bool>) {
            for _ in 0..<1000 where !flag.load(ordering: .sequentiallyConsistent) { usleep(1000) }
        }
    }

    @Test("namespaces stay on their thread", .enabled(if: isRoot, "needs root")) func namespacesStayOnTheirThread() async throws {
        let own = try Namespace.current(.net).inode()
        let other = try await Namespace.make(.net)
        #expect(try other.inode() != own)
        let seen = try await other.withThread { try Namespace.current(.net).inode() }
        #expect(seen == (try other.inode()))
        #expect(try Namespace.current(.net).inode() == own)
        #expect(try await other.withThread { try SmallFile.text("/proc/thread-self/net/dev").split(separator: "\n").count } == 3)
    }

    private func pipe() throws -> (OwnedFileDescriptor, OwnedFileDescriptor) {
        var ends: [Int32] = [-1, -1]
        try systemCall("pipe2") { Glibc.pipe(&ends) }
        return (OwnedFileDescriptor(ends[0]), OwnedFileDescriptor(ends[1]))
    }
}
