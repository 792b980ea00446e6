package import LinuxSystem
package import PodCore

/// The ids of one user namespace: 0 and up inside, `first` and up on the node. Users and groups alike.
package struct IDMapping: Sendable, Hashable, Codable {
    package static let idsPerPod = SandboxConfiguration.idsPerUserNamespace

    package let first: UInt32
    package let count: UInt32

    package init(first: UInt32, count: UInt32 = IDMapping.idsPerPod) {
        self.first = first
        self.count = count
    }

    /// The content of a sandbox's `ids` file: `first count`.
    package var text: String { "\(first) \(count)\n" }

    /// The node's ids of the owner of an image's directory.
    package func owner(of path: String, _ status: FileStatus) throws(RuntimeFailure) -> (uid: UInt32, gid: UInt32) {
        guard let uid = host(status.uid), let gid = host(status.gid) else {
            throw RuntimeFailure(
                .create, "\(path) belongs to \(status.uid):\(status.gid): a pod with hostUsers: false has ids from 0 to \(count - 1) only")
        }
        return (uid, gid)
    }

    /// The node's id for an id of the pod; `nil` beyond the mapping.
    package func host(_ id: UInt32) -> UInt32? { id < count ? first + id : nil }
}

extension IDMapping {
    /// `nil` for anything that `text` does not give.
    package init?(text: String) {
        let fields = text.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { UInt32($0) }
        guard fields.count == 2 else { return nil }
        self.init(first: fields[0], count: fields[1])
        guard self.text == text else { return nil }
    }
}
