import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime

/// A subPath from its name to the mount, by the steps of a container's start, while two containers that share the volume exchange folders of it for
/// links to the outside as fast as they can.
@Suite(.enabled(if: isRoot, "needs root")) struct SubPathMountTests {
    private static let tries = 10_000

    private let folder: TemporaryFolder
    private var volume: String { folder.sub("volume") }
    private var outside: String { folder.sub("outside") }
    private var target: String { folder.sub("target") }

    init() throws {
        folder = try TemporaryFolder()
        for name in ["volume/dir/inner", "volume/tree/mid/leaf", "outside/inner", "outside/leaf", "target"] { try Directories.make(folder.sub(name)) }
        try AtomicFile.replace(outside + "/secret", with: "x")
        // A link that climbs, and an absolute one.
        try systemCall("symlink") { symlink("../outside", folder.sub("volume/evil")) }
        try systemCall("symlink") { symlink(folder.sub("outside"), folder.sub("volume/tree/link")) }
    }

    /// Returns how often each pair was exchanged.
    @discardableResult
    private func whileExchanged(_ body: () throws -> Void) throws -> [Int] {
        let swaps = try [PathSwap.start(volume + "/dir", volume + "/evil"), PathSwap.start(volume + "/tree/mid", volume + "/tree/link")]
        defer { for swap in swaps { swap.stop() } }
        try body()
        return swaps.map(\.count)
    }

    /// The directories whose mount would be an escape.
    private func forbidden() throws -> Set<UInt64> {
        var found: Set<UInt64> = []
        for path in ["/", "/tmp", folder.path, outside, outside + "/inner", outside + "/leaf"] { found.insert(try FileStatus(of: path).inode) }
        return found
    }

    /// Mounts, looks at the root of the mount, and unmounts.
    private func mounted(_ tree: OwnedFileDescriptor) throws -> UInt64 {
        try Mounts.attach(tree, at: target)
        defer { _ = try? Mounts.unmount(target, lazily: true) }
        let status = try FileStatus(of: target)
        #expect(status.isMountRoot)
        return status.inode
    }

    @Test(
        "of 10,000 mounts by subPath none is from outside the volume, and nothing is made there (CVE-2017-1002101, CVE-2021-25741)",
        .timeLimit(.minutes(3)))
    func exchangedFolders() throws {
        let forbidden = try forbidden()
        var mounts = 0
        var refusals = 0
        let swaps = try whileExchanged {
            for number in 0..<Self.tries {
                let subPath = ["dir", "dir/inner", "dir/new\(number)", "tree/mid/leaf", "tree/mid/new\(number)/deep"][number % 5]
                let source: OwnedFileDescriptor
                do throws(RuntimeFailure) {
                    source = try MountSource.open(MountPlan.Source(path: volume, subPath: subPath))
                } catch {
                    #expect(error.code == .configuration, "\(error)")
                    refusals += 1
                    continue
                }
                // As the shim does it, from the descriptor alone.
                let root = try mounted(Mounts.cloneTree(source, recursive: true))
                if forbidden.contains(root) {
                    Issue.record("\(subPath) has led outside in try \(number)")
                    return
                }
                mounts += 1
            }
        }
        // They have to get turns for this to mean anything.
        #expect(swaps.allSatisfy { $0 > 10 }, "\(swaps)")
        #expect(mounts > 100 && refusals > 100, "\(mounts) mounts, \(refusals) refusals")
        #expect(try DirectoryListing.names(at: outside) == ["inner", "leaf", "secret"])
        for name in ["inner", "leaf"] { #expect(try DirectoryListing.names(at: outside + "/" + name).isEmpty) }
    }

    /// Without this the test above could pass because its attackers are too slow.
    @Test("the same attack gets a mount from outside out of a mounter that checks the path and then mounts it", .timeLimit(.minutes(3)))
    func theAttackWorks() throws {
        let forbidden = try forbidden()
        var escapes = 0
        try whileExchanged {
            // One is enough; how soon it comes is the scheduler's.
            let end = ContinuousClock.now + .seconds(90)
            var number = 0
            while escapes == 0, ContinuousClock.now < end {
                number += 1
                let path = volume + ["/dir/inner", "/tree/mid/leaf"][number % 2]
                guard let real = realpath(path, nil) else { continue }
                defer { free(real) }
                guard String(cString: real).hasPrefix(volume + "/"), let tree = try? Mounts.cloneTree(path, recursive: true) else { continue }
                if forbidden.contains(try mounted(tree)) { escapes += 1 }
            }
        }
        #expect(escapes > 0)
    }
}
