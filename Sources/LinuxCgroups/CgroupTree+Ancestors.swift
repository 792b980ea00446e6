import LinuxSystem

extension CgroupTree {
    /// Hands a controller down to the root from the cgroups above it, which belong to the service manager.
    ///
    /// For what that does not delegate: systemd knows nothing of `hugetlb`, and leaves it alone where somebody else has enabled it. A cgroup
    /// that refuses is no error: `availableControllers` says what came of it. Blocking.
    package func obtain(_ controller: CgroupController) throws(CgroupError) {
        guard try !availableControllers().contains(controller) else { return }
        var above: [String] = []
        var directory = Self.parent(of: root)
        // Above the mount point there are no such files.
        while let path = directory, (try? FileStatus.ifPresent(path + "/cgroup.controllers")).flatMap({ $0 }) != nil {
            above.append(path)
            directory = Self.parent(of: path)
        }
        for path in above.reversed() {
            do throws(SystemError) {
                try SmallFile.write("+\(controller)", to: path + "/cgroup.subtree_control")
            } catch {
                return
            }
        }
    }

    /// Makes the root where it is gone, with what its parent can hand down. One that is there is kept. Blocking.
    package func restoreRoot() throws(CgroupError) {
        guard try CgroupError.translating("look at", root, { () throws(SystemError) in try FileStatus.ifPresent(root) }) == nil else { return }
        if let parent = Self.parent(of: root) { try delegate(parent) }
        try Self.make(root)
    }

    private static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return nil }
        return String(path[..<slash])
    }
}
