import Glibc
package import LinuxSystem

/// One cgroup of a tree. A value: its directory may not exist.
package struct Cgroup: Sendable, Hashable {
    package let tree: CgroupTree
    /// Relative to the tree's root.
    package let name: String

    /// The directory.
    package var path: String { tree.root + "/" + name }

    package var exists: Bool { ((try? FileStatus.ifPresent(path)).flatMap { $0 })?.kind == .directory }

    /// A child, existing or not.
    package func child(_ name: String) throws(CgroupError) -> Cgroup { try tree.cgroup(self.name + "/" + name) }

    /// The directory's descriptor for CLONE_INTO_CGROUP.
    package func open() throws(CgroupError) -> OwnedFileDescriptor {
        try CgroupError.translating("open", path) { () throws(SystemError) in try .open(path, O_RDONLY | O_DIRECTORY) }
    }

    /// Moves a process in.
    package func add(pid: Int32) throws(CgroupError) {
        try CgroupError.translating("move pid \(pid) to", path) { () throws(SystemError) in
            try SmallFile.write(String(pid), to: path + "/cgroup.procs")
        }
    }

    /// The processes in this cgroup and below it.
    package func processes() throws(CgroupError) -> [Int32] {
        var pids: [Int32] = []
        for cgroup in try descendants() + [self] {
            do throws(SystemError) {
                pids += try SmallFile.text(cgroup.path + "/cgroup.procs", limit: 16 << 20).split(separator: "\n").compactMap { Int32($0) }
            } catch {
                // EOPNOTSUPP: a threaded cgroup, whose processes are listed by the one above it.
                if error.isNotFound || error.is(ENODEV) || error.is(EOPNOTSUPP) { continue }
                throw CgroupError(code: .kernel, operation: "list processes of", path: cgroup.path, cause: error)
            }
        }
        return pids
    }

    /// Child cgroups, depth first: children before their parents.
    package func descendants() throws(CgroupError) -> [Cgroup] {
        var result: [Cgroup] = []
        for name in try children() {
            let child = try child(name)
            result += try child.descendants()
            result.append(child)
        }
        return result
    }

    /// The names of the direct children.
    package func children() throws(CgroupError) -> [String] {
        do throws(SystemError) {
            var names: [String] = []
            for name in try DirectoryListing.names(at: path) where try FileStatus.ifPresent(path + "/" + name)?.kind == .directory {
                names.append(name)
            }
            return names
        } catch {
            if error.isNotFound || error.is(ENODEV) { return [] }
            throw CgroupError(code: .kernel, operation: "list", path: path, cause: error)
        }
    }
}
