import Glibc
package import LinuxSystem

/// A cgroup v2 tree under one root directory: the mount point itself, or a subtree delegated to the agent.
package struct CgroupTree: Sendable, Hashable {
    /// Absolute path, without a slash at the end.
    package let root: String
    /// Whether missing controllers are errors (true), or limits that are reported as not enforced.
    package let requireControllers: Bool
    /// The machine's sizes of huge pages, as the kernel names them in control files, e.g. `2MB`.
    package let hugepageSizes: [String]

    /// - Parameters:
    ///   - root: an existing cgroup v2 directory (in tests any directory that has `cgroup.controllers`).
    ///   - hugepageSizes: in tests; else the machine's own.
    package init(root: String, requireControllers: Bool = true, hugepageSizes: [String]? = nil) throws(CgroupError) {
        var path = root
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.root = path
        self.requireControllers = requireControllers
        self.hugepageSizes = try CgroupError.translating("list the sizes of huge pages for", path) { () throws(SystemError) in
            if let hugepageSizes { return hugepageSizes }
            return try HugeTLBController.sizes()
        }
        let controllers = try availableControllers()
        let missing = CgroupController.required.subtracting(controllers).sorted()
        if requireControllers, !missing.isEmpty {
            throw CgroupError(
                code: .missingControllers, operation: "use", path: path,
                detail: "found the controllers \(Self.list(controllers.sorted())), missing \(Self.list(missing)); boot with cgroup v2 only "
                    + "(systemd.unified_cgroup_hierarchy=1), delegate them to this service, or set requireControllers: false")
        }
    }

    private static func list(_ names: [CgroupController]) -> String {
        names.isEmpty ? "(none)" : names.map(\.rawValue).joined(separator: " ")
    }

    /// Where cgroup v2 is mounted: `/sys/fs/cgroup`, or beside the v1 mounts of a hybrid hierarchy.
    package static func mountPoint(in table: MountTable) -> String? {
        let points = table.entries.filter { $0.type == "cgroup2" }.map(\.mountPoint)
        return points.first { $0 == "/sys/fs/cgroup" } ?? points.first
    }

    /// The cgroup of this process below the mount point, e.g. `/system.slice/swiftlet.service`; `/` for the root.
    package static func ownCgroup() throws(CgroupError) -> String {
        let path = "/proc/self/cgroup"
        let text = try CgroupError.translating("read", path) { () throws(SystemError) in try SmallFile.text(path) }
        for line in text.split(separator: "\n") where line.hasPrefix("0::") { return String(line.dropFirst(3)) }
        throw CgroupError(code: .notACgroup, operation: "read", path: path, detail: "wanted a line 0::/..., this process is in no cgroup v2")
    }

    /// The controllers that the root can hand down.
    package func availableControllers() throws(CgroupError) -> Set<CgroupController> {
        do throws(CgroupError) {
            return try Self.controllers(root + "/cgroup.controllers")
        } catch {
            guard error.cause?.isNotFound == true else { throw error }
            throw CgroupError(
                code: .notACgroup, operation: "use", path: root,
                detail: "wanted a cgroup v2 directory (with cgroup.controllers), found none; check cgroupRoot", cause: error.cause)
        }
    }

    /// The cgroup of that name, existing or not.
    /// - Parameter name: relative to the root, e.g. `kubepods/burstable/pod<uid>`.
    package func cgroup(_ name: String) throws(CgroupError) -> Cgroup {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }) else {
            throw CgroupError(code: .invalidName, operation: "name", path: root + "/" + name, detail: "wanted a relative path without . and ..")
        }
        return Cgroup(tree: self, name: name)
    }

    /// Makes the cgroup with its parents, and hands every wanted controller down to it, level by level. An existing one is kept.
    /// Blocking.
    @discardableResult
    package func create(_ name: String) throws(CgroupError) -> Cgroup {
        let cgroup = try cgroup(name)
        var directory = root
        for part in name.split(separator: "/") {
            try delegate(directory)
            directory += "/" + part
            try Self.make(directory)
        }
        return cgroup
    }

    static func make(_ directory: String) throws(CgroupError) {
        try CgroupError.translating("create", directory) { () throws(SystemError) in
            do throws(SystemError) {
                try systemCall("mkdir", directory) { mkdir(directory, 0o755) }
            } catch {
                guard error.is(EEXIST) else { throw error }
            }
        }
    }

    /// Enables in `directory` each controller that it has and its children lack. One write for each, so that a refusal concerns one controller only.
    func delegate(_ directory: String) throws(CgroupError) {
        let available = try Self.controllers(directory + "/cgroup.controllers")
        let wanted = CgroupController.wanted.intersection(available)
        guard !wanted.isEmpty else { return }
        let control = directory + "/cgroup.subtree_control"
        let enabled = try Self.controllers(control)
        for controller in wanted.subtracting(enabled).sorted() {
            do throws(SystemError) {
                try SmallFile.write("+\(controller)", to: control)
            } catch {
                guard requireControllers, CgroupController.required.contains(controller) else { continue }
                let detail =
                    error.is(EBUSY)
                    ? "controller \(controller) cannot be handed down while processes live in this cgroup itself; move them into a child cgroup"
                    : "controller \(controller) cannot be handed down"
                throw CgroupError(code: .missingControllers, operation: "delegate", path: directory, detail: detail, cause: error)
            }
        }
    }

    private static func controllers(_ path: String) throws(CgroupError) -> Set<CgroupController> {
        let line = try CgroupError.translating("read", path) { () throws(SystemError) in try SmallFile.line(path) }
        return Set(line.split(separator: " ").map { CgroupController(rawValue: String($0)) })
    }
}
