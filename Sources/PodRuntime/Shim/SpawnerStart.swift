import CLinux
import Glibc
import LinuxSystem
import PodCore
import Synchronization

/// Starts the spawner once, for hosts where no service manager does.
enum SpawnerStart {
    private static let counter = Atomic<UInt64>(0)

    /// Returns when the spawner listens; it says so as to a service manager (`READY=1` to `NOTIFY_SOCKET`).
    static func run(program: String, runDirectory: String, cgroup: String) async throws {
        // In the abstract namespace: nothing to clean up, and no path that could be too long.
        let name = "swiftlet-spawner-ready-\(getpid())-\(counter.add(1, ordering: .relaxed).newValue)"
        let notifications = try listen(name)
        let errors = try Pipe()
        let child = try ChildProcess(
            ChildProcess.Request(
                executable: program, arguments: [program, "spawner", "--run-dir", runDirectory], environment: ["NOTIFY_SOCKET=@\(name)"],
                directory: "/", descriptors: [nil, nil, errors.writeEnd], cgroup: cgroup, newSession: true))
        errors.writeEnd.close()
        let either = try ReadinessSet([notifications, child.pidFD.descriptor])
        try await either.wait(timeout: .seconds(15))
        if let said = try? notifications.read(upTo: 64), said.starts(with: "READY=1".utf8) {
            keep(child)
            return
        }
        let status = try await child.exitStatus(timeout: .seconds(1))
        let text = (try? errors.readEnd.readAll(limit: 4096)) ?? []
        let reason = String(decoding: text, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
        throw RuntimeFailure(.sandbox, "the spawner \(program) ended at once with \(status): \(reason.isEmpty ? "it said nothing" : reason)")
    }

    /// The spawner outlives the agent: its object is never released, or it would be killed with it. When it ends first it is reaped.
    private static func keep(_ child: ChildProcess) {
        _ = Unmanaged.passRetained(child)
        let pidFD = child.pidFD
        _ = try? ReadinessLoop.shared().register(pidFD.descriptor, .readable) { _ in _ = try? pidFD.reap() }
    }

    private static func listen(_ name: String) throws(SystemError) -> OwnedFileDescriptor {
        let socket = try descriptorCall("socket") { swl_unix_socket(Int32(SOCK_DGRAM.rawValue), Int32(SOCK_NONBLOCK.rawValue)) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [UInt8](name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            // The leading NUL makes the name an abstract one.
            for (index, byte) in bytes.enumerated() where index + 1 < path.count { path[index + 1] = byte }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + bytes.count)
        try systemCall("bind", "@" + name) {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in socket.withRawValue { bind($0, raw, length) } }
            }
        }
        return socket
    }
}
