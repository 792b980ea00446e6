import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite("What a directory tree takes of a disk")
struct TreeUsageTests {
    private func usage(_ path: String) throws -> TreeUsage { try TreeUsage(of: path, within: .seconds(60)) }

    private func write(_ count: Int, to path: String) throws {
        let file = try OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.writeAll([UInt8](repeating: 1, count: count))
        try file.fsync()
    }

    @Test("files below it count with what is allocated for them, and directories too")
    func files() throws {
        let folder = try TemporaryFolder()
        let empty = try usage(folder.path)
        #expect(empty.inodes == 1)
        try Directories.make(folder.sub("a/b"))
        try write(1 << 20, to: folder.sub("a/b/file"))
        let full = try usage(folder.path)
        #expect(full.inodes == 4)
        let grown = full.bytes - empty.bytes
        #expect(grown >= 1 << 20 && grown < (1 << 20) + (1 << 17), "\(grown)")
    }

    @Test("a sparse file counts with its content, a file of two names once, and a link not with its target")
    func unusual() throws {
        let folder = try TemporaryFolder()
        try write(1 << 20, to: folder.sub("file"))
        let once = try usage(folder.path)
        try systemCall("link") { link(folder.sub("file"), folder.sub("again")) }
        #expect(try usage(folder.path).bytes - once.bytes < 1 << 16)
        #expect(try usage(folder.path).inodes == once.inodes)
        try systemCall("symlink") { symlink("/usr", folder.sub("link")) }
        #expect(try usage(folder.path).inodes == once.inodes + 1)
        let sparse = try OwnedFileDescriptor.open(folder.sub("sparse"), O_WRONLY | O_CREAT, mode: 0o644)
        try systemCall("ftruncate") { sparse.withRawValue { ftruncate($0, 1 << 30) } }
        #expect(try usage(folder.path).bytes - once.bytes < 1 << 16)
    }

    @Test("nothing there is no use, and neither is a link in its place")
    func missing() throws {
        let folder = try TemporaryFolder()
        #expect(try usage(folder.sub("none")).inodes == 0)
        try systemCall("symlink") { symlink("/usr", folder.sub("link")) }
        #expect((try? usage(folder.sub("link")))?.bytes ?? 0 == 0)
    }

    @Test("names that are not text are counted, and a tree that is too deep ends somewhere")
    func hostile() throws {
        let folder = try TemporaryFolder()
        var top = try OwnedFileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
        let name: [CChar] = [-1, -2, 0]
        for _ in 0..<400 {
            try systemCall("mkdirat") { top.withRawValue { mkdirat($0, name, 0o755) } }
            top = try descriptorCall("openat") { top.withRawValue { openat($0, name, O_RDONLY | O_DIRECTORY) } }
        }
        let found = try usage(folder.path)
        #expect(found.inodes > 100 && found.inodes < 400)
    }

    @Test("a file system mounted inside does not count", .enabled(if: isRoot, "needs root"))
    func mounts() throws {
        let folder = try TemporaryFolder()
        try Directories.make(folder.sub("mount"))
        try Mounts.tmpfs(at: folder.sub("mount"), options: ["size=4194304"])
        try write(1 << 20, to: folder.sub("mount/file"))
        let found = try usage(folder.path)
        #expect(found.inodes == 1 && found.bytes < 1 << 17)
        // As the root of the walk it does.
        #expect(try usage(folder.sub("mount")).bytes >= 1 << 20)
    }

    @Test("a walk that takes too long ends with an error")
    func timeLimit() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: SystemError.self) { _ = try TreeUsage(of: folder.path, within: .zero) }
        #expect(error?.code == .timedOut)
    }
}
