import Glibc
import LinuxSystem
import Timing

extension Cgroup {
    /// Kills every process in this cgroup and below it, forks in progress included (`cgroup.kill`). A missing cgroup is a success.
    package func kill() throws(CgroupError) {
        do throws(SystemError) {
            try SmallFile.write("1", to: path + "/cgroup.kill")
            return
        } catch {
            guard error.is(ENOENT) || error.is(ENODEV) else {
                throw CgroupError(code: .kernel, operation: "kill", path: path, cause: error)
            }
            guard exists else { return }
        }
        // Kernels before 5.14. A fork may slip through; `remove` kills again until no process is left.
        for pid in try processes() where pid > 1 { _ = Glibc.kill(pid, SIGKILL) }
    }

    /// Describes the processes that are left: at most ten, with names and states (`D` waits for the kernel and cannot be killed).
    func remaining() async throws -> String {
        try await BlockingPool.shared.run("list processes") {
            let pids = try processes()
            guard !pids.isEmpty else { return "no process is left, but the kernel still holds it" }
            let named = pids.prefix(10).map { pid in
                // `pid (name) state ...`; the name may contain anything.
                let stat = (try? SmallFile.text("/proc/\(pid)/stat")) ?? ""
                guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"), open < close else { return "\(pid)" }
                return "\(pid)\(stat[open...close])\(stat[close...].dropFirst().prefix(2))"
            }
            return "\(pids.count) processes are left: " + named.joined(separator: ", ")
        }
    }

    /// Kills every process here, waits for their end, and removes this cgroup with all below it, children first. A missing cgroup is a success.
    /// - Throws: `.busy` with the processes that are left after `timeout`.
    package func remove(timeout: Duration = .seconds(10)) async throws {
        let deadline = KernelClock.monotonic + timeout.nanoseconds
        var backOff = BackOff(initial: .milliseconds(1), maximum: .milliseconds(100))
        while true {
            do {
                try await BlockingPool.shared.run("remove cgroup") { if try isPopulated() { try kill() } }
                try await waitUntilEmpty(timeout: .nanoseconds(max(0, deadline - KernelClock.monotonic)))
                try await BlockingPool.shared.run("remove cgroup") { try removeDirectories() }
                return
            } catch let error as CgroupError where error.cause?.errno == EBUSY || error.cause?.errno == ENOTEMPTY {
                // A process that has ended is counted until it is reaped, and a new child may have appeared.
                guard KernelClock.monotonic < deadline else {
                    let left = try await remaining()
                    throw CgroupError(
                        code: .busy, operation: "remove", path: path, detail: "still busy after \(timeout): \(left)", cause: error.cause)
                }
                try await ReadinessLoop.shared().pause(backOff.next())
            }
        }
    }

    /// Removes this cgroup with all below it, unless it holds a process. A missing cgroup is a success. Blocking.
    /// - Returns: whether the cgroup is gone.
    package func removeIfEmpty() throws(CgroupError) -> Bool {
        do throws(CgroupError) {
            try removeDirectories()
            return true
        } catch {
            guard error.cause?.errno == EBUSY || error.cause?.errno == ENOTEMPTY else { throw error }
            return false
        }
    }

    /// Works on descriptors and byte names: a container that owns its cgroup may have made cgroups with names that are not UTF-8.
    private func removeDirectories() throws(CgroupError) {
        guard let slash = path.lastIndex(of: "/"), let name = FileName(String(path[path.index(after: slash)...])) else {
            throw CgroupError(code: .kernel, operation: "remove", path: path, detail: "wanted a directory below the mount")
        }
        do throws(SystemError) {
            let parent = try OwnedFileDescriptor.open(slash == path.startIndex ? "/" : String(path[..<slash]), O_RDONLY | O_DIRECTORY)
            try Self.removeDirectory(name, in: parent, path: path)
        } catch {
            if error.isNotFound || error.is(ENODEV) { return }
            throw CgroupError(code: .kernel, operation: "remove", path: error.path ?? path, cause: error)
        }
    }

    private static func removeDirectory(_ name: FileName, in parent: OwnedFileDescriptor, path: String) throws(SystemError) {
        do throws(SystemError) {
            let opened = try SafePath(root: parent).open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, rules: [.beneath, .noSymlinks])
            for entry in try DirectoryListing.entries(of: opened) where try FileStatus(of: entry, in: opened).kind == .directory {
                try removeDirectory(entry, in: opened, path: path + "/\(entry)")
            }
            try systemCall("rmdir", path) { parent.withRawValue { unlinkat($0, name.cString, AT_REMOVEDIR) } }
        } catch {
            // Another process has removed it already.
            guard error.is(ENOENT) || error.is(ENODEV) else { throw error }
        }
    }
}
