import LinuxSystem

extension CgroupTree {
    /// Hands a controller down to the root from the cgroups above it, which belong to the service manager.
    ///
    /// For controllers that the service manager does not delegate: systemd does not manage `hugetlb`, and leaves it alone where it is enabled.
    /// A refusal is not an error: `availableControllers` has the outcome. Blocking.
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

    /// Makes a missing root, with the controllers that its parent can hand down. An existing root is kept. Blocking.
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
