import LinuxSystem
import ShimClient

/// Which ids of the node are there for pods with user namespaces, in blocks of `IDMapping.idsPerPod` that begin at multiples of it.
///
/// As kubelet does it: the range that /etc/subuid and /etc/subgid give the user `kubelet`; without one the ids after those of the node
/// itself, here without the blocks that the files give to other users.
package struct SubordinateIDs: Sendable, Hashable {
    /// The first id of each block.
    let blocks: [UInt32]
    /// Why there are none.
    let problem: String?

    private static let user = "kubelet"

    private struct Range: Hashable {
        let first: UInt64
        let count: UInt64
    }

    /// Of this node. Blocking for a moment.
    package init(maxPods: Int) {
        func content(_ path: String) throws(SystemError) -> String {
            do throws(SystemError) { return try SmallFile.text(path) } catch {
                guard error.isNotFound else { throw error }
                return ""
            }
        }
        do throws(SystemError) {
            self.init(subuid: try content("/etc/subuid"), subgid: try content("/etc/subgid"), maxPods: maxPods)
        } catch {
            self.init(problem: "\(error)")
        }
    }

    /// - Parameters:
    ///   - subuid: the content of /etc/subuid, lines of `user:first:count`.
    ///   - maxPods: as many blocks are made; what the user `kubelet` has must suffice for them.
    init(subuid: String, subgid: String, maxPods: Int) {
        let users = Self.lines(subuid)
        let groups = Self.lines(subgid)
        let own = users.filter { $0.user == Self.user }.map(\.range)
        let ownGroups = groups.filter { $0.user == Self.user }.map(\.range)
        guard !own.isEmpty || !ownGroups.isEmpty else {
            self.init(blocks: Self.free(of: (users + groups).map(\.range), count: maxPods))
            return
        }
        let size = UInt64(IDMapping.idsPerPod)
        guard own.count == 1, own == ownGroups, let range = own.first, range.first >= size, range.first.isMultiple(of: size),
            range.count.isMultiple(of: size), range.first + range.count <= UInt64(UInt32.max), range.count / size >= UInt64(maxPods)
        else {
            let found = { (ranges: [Range]) in ranges.isEmpty ? "nothing" : ranges.map { "\($0.first):\($0.count)" }.joined(separator: ", ") }
            self.init(
                problem: "the user kubelet has \(found(own)) in /etc/subuid and \(found(ownGroups)) in /etc/subgid: wanted one range, "
                    + "the same in both, beginning at a multiple of \(size) and with at least \(size) ids for each of \(maxPods) pods")
            return
        }
        self.init(blocks: (0..<UInt64(max(maxPods, 0))).map { UInt32(range.first + $0 * size) })
    }

    private init(blocks: [UInt32] = [], problem: String? = nil) {
        self.blocks = blocks
        self.problem = problem
    }

    private static func lines(_ text: String) -> [(user: Substring, range: Range)] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            // Ids have 32 bits: what is longer is not one, and sums cannot overflow.
            guard fields.count == 3, let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0 else { return nil }
            return (fields[0], Range(first: UInt64(first), count: UInt64(count)))
        }
    }

    private static func free(of taken: [Range], count: Int) -> [UInt32] {
        let size = UInt64(IDMapping.idsPerPod)
        var blocks: [UInt32] = []
        // Leaves out the last block: it contains 2^32 - 1, which chown(2) and setresuid(2) read as "no change".
        for number in 1..<(UInt64(UInt32.max) / size) {
            guard blocks.count < count else { break }
            let first = number * size
            if taken.contains(where: { $0.first < first + size && first < $0.first + $0.count }) { continue }
            blocks.append(UInt32(first))
        }
        return blocks
    }
}
