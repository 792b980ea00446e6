import Glibc
package import LinuxSystem

/// One cgroup of a tree. A value: it says nothing about whether the directory exists.
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

    /// Writes all limits. May be repeated with others.
    /// - Returns: the control files that would have to limit something and are missing, sorted; empty when everything holds. They are
    ///   errors when the tree requires controllers.
    package func apply(_ limits: CgroupLimits) throws(CgroupError) -> [String] {
        let settings = CPUController.files(limits) + MemoryController.files(limits) + PIDsController.files(limits) + HugeTLBController.files(limits)
        var notEnforced: [String] = []
        for setting in settings {
            do throws(SystemError) {
                try SmallFile.write(setting.value, to: path + "/" + setting.file)
            } catch {
                guard error.is(ENOENT) || error.is(EACCES) && !hasFile(setting.file) else {
                    throw CgroupError(code: .kernel, operation: "limit", path: path, detail: "\(setting.file) = \(setting.value)", cause: error)
                }
                guard setting.limits else { continue }
                // The directory itself being away is another matter than a controller being away.
                guard exists else { throw CgroupError(code: .kernel, operation: "limit", path: path, cause: error) }
                if tree.requireControllers {
                    throw CgroupError(
                        code: .missingControllers, operation: "limit", path: path,
                        detail: "\(setting.file) = \(setting.value) is wanted, but the controller is not available here", cause: error)
                }
                notEnforced.append(setting.file)
            }
        }
        return notEnforced.sorted()
    }

    private func hasFile(_ file: String) -> Bool { (try? FileStatus.ifPresent(path + "/" + file)).flatMap { $0 } != nil }

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
                if error.isNotFound || error.is(ENODEV) { continue }
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
