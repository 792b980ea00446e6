import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite struct PathTests {
    let directory: TemporaryFolder

    init() throws { directory = try TemporaryFolder() }

    @Test("names stay inside the root")
    func namesStayInsideTheRoot() throws {
        try AtomicFile.replace(directory.sub("outside"), with: "secret")
        try Directories.make(directory.sub("root/a"))
        try AtomicFile.replace(directory.sub("root/a/file"), with: "inside")
        symlink("../../outside", directory.sub("root/a/up"))
        symlink(directory.sub("outside"), directory.sub("root/a/absolute"))
        symlink("file", directory.sub("root/a/near"))
        let root = try SafePath(directory: directory.sub("root"))
        for (name, rules, errno) in [
            ("a/up", SafePath.Rules.beneath, EXDEV), ("a/absolute", .beneath, EXDEV), ("../outside", .beneath, EXDEV),
            ("a/up", .inRoot, ENOENT), ("a/absolute", .inRoot, ENOENT), ("../outside", .inRoot, ENOENT),
            ("a/near", .noSymlinks, ELOOP),
        ] {
            let error = #expect(throws: SystemError.self, "\(name)") { _ = try root.open(name, O_RDONLY, rules: rules) }
            #expect(error?.errno == errno, "\(name)")
        }
        for (name, rules) in [("a/near", SafePath.Rules.beneath), ("/a/file", .inRoot), ("a/file", [.beneath, .noSymlinks])] {
            #expect(try root.open(name, O_RDONLY, rules: rules).readAll(limit: 100) == Array("inside".utf8))
        }
    }

    @Test("directories are made step by step")
    func directoriesAreMadeStepByStep() throws {
        let root = try SafePath(directory: directory.path)
        let made = try root.makeDirectories("x/./y/z", mode: 0o731)
        #expect(try FileStatus(of: made).mode == 0o731)
        #expect(try FileStatus(of: directory.sub("x/y/z")).inode == FileStatus(of: made).inode)
        symlink("/tmp", directory.sub("link"))
        #expect(throws: SystemError.self) { _ = try root.makeDirectories("link/evil", mode: 0o755) }
        for name in ["../a", "a/../../b", "/abs"] {
            let error = #expect(throws: SystemError.self) { _ = try root.makeDirectories(name, mode: 0o755) }
            #expect(error?.code == .escapes)
        }
    }

    @Test("removal takes symlinks, not their targets")
    func removalTakesSymlinksNotTheirTargets() throws {
        try Directories.make(directory.sub("keep/inner"))
        try AtomicFile.replace(directory.sub("keep/file"), with: "x")
        try Directories.make(directory.sub("tree/a/b/c"))
        try AtomicFile.replace(directory.sub("tree/a/file"), with: "x", mode: 0)
        symlink(directory.sub("keep"), directory.sub("tree/a/link"))
        try TreeRemoval.remove(directory.sub("tree"))
        try TreeRemoval.remove(directory.sub("tree"))
        try TreeRemoval.remove(directory.sub("never/there"))
        #expect(!FileStatus.exists(directory.sub("tree")))
        #expect(FileStatus.exists(directory.sub("keep/file")))
        // A symlink as the tree itself.
        symlink(directory.sub("keep"), directory.sub("top"))
        try TreeRemoval.remove(directory.sub("top"))
        #expect(FileStatus.exists(directory.sub("keep/file")))
        #expect(!FileStatus.exists(directory.sub("top")))
    }

    @Test("removal works at any depth")
    func removalKnowsNoDepth() throws {
        // Deeper than descriptors or PATH_MAX allow to name, with a file and a symlink at every level.
        var current = try OwnedFileDescriptor.open(directory.path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<1500 {
            try systemCall("mkdirat") { current.withRawValue { mkdirat($0, "deep", 0o755) } }
            current = try current.openAt("deep", O_RDONLY | O_DIRECTORY)
            _ = try current.openAt("file", O_WRONLY | O_CREAT, mode: 0o600)
            try systemCall("symlinkat") { current.withRawValue { symlinkat("/tmp", $0, ".removing-1") } }
        }
        try TreeRemoval.remove(directory.sub("deep"))
        #expect(try DirectoryListing.names(at: directory.path) == [])
    }

    @Test("a directory of any size is read in parts, and what is removed meanwhile is no obstacle")
    func largeDirectories() throws {
        let names = Set((0..<2500).map { "file-\($0)" })
        try Directories.make(directory.sub("large"))
        for name in names { _ = try OwnedFileDescriptor.open(directory.sub("large/" + name), O_WRONLY | O_CREAT, mode: 0o600) }
        var parts: [[String]] = []
        try DirectoryListing.parts(of: .open(directory.sub("large"), O_RDONLY | O_DIRECTORY)) { parts.append($0.compactMap(\.text)) }
        #expect(parts.map(\.count) == [1024, 1024, 452])
        #expect(Set(parts.joined()) == names)
        try TreeRemoval.remove(directory.sub("large"))
        #expect(try DirectoryListing.names(at: directory.path) == [])
    }

    @Test("a removal stops when its time is over, and the next one goes on")
    func removalInTurns() throws {
        for name in ["a/b/c", "a/d", "e"] { try Directories.make(directory.sub("tree/" + name)) }
        var turns = 1
        while try !TreeRemoval.advance(directory.sub("tree"), within: .zero), turns < 10 { turns += 1 }
        #expect((2..<10).contains(turns))
        #expect(!FileStatus.exists(directory.sub("tree")))
    }

    /// A name that is not UTF-8, a broken sequence inside UTF-8, and the repaired text of the first, side by side.
    private static let hostileNames: [[UInt8]] = [
        [0xFF], [0xC3, 0x28], Array("a".utf8) + [0x80], [0xEF, 0xBF, 0xBD], [0xF0, 0x9F], Array("n\n".utf8), [UInt8](repeating: 0xFE, count: 255),
    ]

    @Test("names are bytes")
    func namesAreBytes() throws {
        let root = try OwnedFileDescriptor.open(directory.path, O_RDONLY | O_DIRECTORY)
        for bytes in Self.hostileNames {
            let name = try #require(FileName(bytes: bytes))
            try systemCall("mkdirat") { root.withRawValue { mkdirat($0, name.cString, 0o755) } }
            #expect(try FileStatus(of: name, in: root).kind == .directory)
            #expect(try FileStatus(of: SafePath(root: root).open(name, O_RDONLY | O_DIRECTORY)).inode == FileStatus(of: name, in: root).inode)
        }
        #expect(Set(try DirectoryListing.entries(of: root).map(\.bytes)) == Set(Self.hostileNames))
        // Callers that want text get what is text, and never a repaired name.
        #expect(try DirectoryListing.names(at: directory.path) == ["n\n", "\u{FFFD}"])
        #expect(try SafePath(root: root).open(bytes: Array("./".utf8) + [0xFF], O_RDONLY).rawValue >= 0)
        for bytes in [[], [0x61, 0, 0x62], Array("a/b".utf8)] as [[UInt8]] { #expect(FileName(bytes: bytes) == nil) }
        let error = #expect(throws: SystemError.self) { _ = try SafePath(root: root).open(bytes: [0x61, 0, 0x62], O_RDONLY) }
        #expect(error?.code == .escapes)
    }

    @Test("removal takes names that are not UTF-8")
    func removalTakesNamesThatAreNoText() throws {
        try Directories.make(directory.sub("keep"))
        try AtomicFile.replace(directory.sub("keep/file"), with: "x")
        try Directories.make(directory.sub("tree"))
        let keep = directory.sub("keep")
        /// Every hostile name as a directory, with a file and a symlink of that name inside.
        func fill(_ place: OwnedFileDescriptor) throws {
            for bytes in Self.hostileNames {
                let name = try #require(FileName(bytes: bytes))
                try systemCall("mkdirat") { place.withRawValue { mkdirat($0, name.cString, 0o755) } }
                let inner = try SafePath(root: place).open(name, O_RDONLY | O_DIRECTORY)
                _ = try SafePath(root: inner).open(name, O_WRONLY | O_CREAT, mode: 0o600)
                let link = try #require(FileName(bytes: Array(bytes.prefix(250)) + Array(".l".utf8)))
                try systemCall("symlinkat") { inner.withRawValue { symlinkat(keep, $0, link.cString) } }
            }
        }
        var current = try OwnedFileDescriptor.open(directory.sub("tree"), O_RDONLY | O_DIRECTORY)
        // Deeper than what is removed in place, so that such names are moved up too.
        let deep = try #require(FileName(bytes: [0x64, 0xFF]))
        for _ in 0..<80 {
            try fill(current)
            try systemCall("mkdirat") { current.withRawValue { mkdirat($0, deep.cString, 0o755) } }
            current = try SafePath(root: current).open(deep, O_RDONLY | O_DIRECTORY)
        }
        try TreeRemoval.remove(directory.sub("tree"))
        #expect(try DirectoryListing.names(at: directory.path) == ["keep"])
        #expect(FileStatus.exists(directory.sub("keep/file")))

        // One such entry alone.
        let root = try OwnedFileDescriptor.open(directory.path, O_RDONLY | O_DIRECTORY)
        try fill(root)
        for bytes in Self.hostileNames { try TreeRemoval.remove(try #require(FileName(bytes: bytes)), in: root, path: "entry") }
        #expect(try DirectoryListing.entries(of: root).map(\.description) == ["keep"])
        let error = #expect(throws: SystemError.self) { try TreeRemoval.remove("keep/file", in: root, path: "entry") }
        #expect(error?.code == .malformed)
    }

    @Test("removal stops at mounts under names that are not UTF-8", .enabled(if: isRoot, "needs root"))
    func removalStopsAtMountsUnderNamesThatAreNoText() throws {
        let directory = directory
        try DedicatedThread.runBlocking(name: "mounts") {
            try Namespace.unshareCallingThread(.mnt)
            try Directories.make(directory.sub("tree"))
            let tree = try OwnedFileDescriptor.open(directory.sub("tree"), O_RDONLY | O_DIRECTORY)
            let name = try #require(FileName(bytes: [0x6D, 0xFF]))
            try systemCall("mkdirat") { tree.withRawValue { mkdirat($0, name.cString, 0o755) } }
            let opened = try SafePath(root: tree).open(name, O_RDONLY | O_DIRECTORY)
            try Mounts.tmpfs(at: opened.procPath, options: ["size=65536"], flags: [])
            opened.close()
            let mounted = try SafePath(root: tree).open(name, O_RDONLY | O_DIRECTORY)
            _ = try mounted.openAt("file", O_WRONLY | O_CREAT, mode: 0o600)
            let error = #expect(throws: SystemError.self) { try TreeRemoval.remove(directory.sub("tree")) }
            #expect(error?.code == .crossesMount)
            #expect(try DirectoryListing.names(of: mounted) == ["file"])
        }
        // The mount ended with its namespace.
        try TreeRemoval.remove(directory.sub("tree"))
    }

    @Test("removal stops at mounts", .enabled(if: isRoot, "needs root")) func removalStopsAtMounts() throws {
        let directory = directory
        // In a mount namespace of its own, so that the machine's table never sees it.
        try DedicatedThread.runBlocking(name: "mounts") {
            try Namespace.unshareCallingThread(.mnt)
            try Directories.make(directory.sub("tree/a/mounted"))
            try Directories.make(directory.sub("tree/b/mounted too"))
            try AtomicFile.replace(directory.sub("tree/a/file"), with: "x")
            try Mounts.tmpfs(at: directory.sub("tree/a/mounted"), options: ["size=65536", "mode=0711"], flags: [.noExecute])
            try AtomicFile.replace(directory.sub("tree/a/mounted/file"), with: "x")
            // A bind mount of this file system: only the mount itself distinguishes it.
            try Directories.make(directory.sub("elsewhere"))
            try AtomicFile.replace(directory.sub("elsewhere/precious"), with: "x")
            try Mounts.bind(directory.sub("elsewhere"), to: directory.sub("tree/b/mounted too"))

            let error = #expect(throws: SystemError.self) { try TreeRemoval.remove(directory.sub("tree")) }
            #expect(error?.code == .crossesMount)
            #expect(error?.detail?.contains("mounted") == true)
            #expect(FileStatus.exists(directory.sub("tree/a/mounted/file")))
            #expect(FileStatus.exists(directory.sub("elsewhere/precious")))
            #expect(!FileStatus.exists(directory.sub("tree/a/file")))

            let table = try MountTable()
            let tmpfs = try #require(table.mount(at: directory.sub("tree/a/mounted")))
            #expect(tmpfs.type == "tmpfs")
            #expect(tmpfs.options.contains("noexec"))
            #expect(tmpfs.superOptions.contains("size=64k"))
            #expect(try FileStatus(of: directory.sub("tree/a/mounted")).mode == 0o711)
            #expect(table.mount(at: directory.sub("tree/b/mounted too")) != nil, "blanks are unescaped")
            #expect(table.mounts(under: directory.sub("tree")).count == 2)

            #expect(try Mounts.unmountAll(under: directory.sub("tree")) == 2)
            try TreeRemoval.remove(directory.sub("tree"))
            #expect(FileStatus.exists(directory.sub("elsewhere/precious")))
        }
    }

    @Test("mount trees are cloned, attached and made read-only", .enabled(if: isRoot, "needs root")) func treesAreClonedAttachedAndMadeReadOnly()
        throws
    {
        let directory = directory
        try DedicatedThread.runBlocking(name: "mounts") {
            try Namespace.unshareCallingThread(.mnt)
            try Directories.make(directory.sub("source"))
            try Directories.make(directory.sub("target"))
            try AtomicFile.replace(directory.sub("source/file"), with: "x")
            let source = try OwnedFileDescriptor.open(directory.sub("source"), O_RDONLY | O_DIRECTORY)
            let tree = try Mounts.cloneTree(source)
            try Mounts.setAttributes(of: tree, set: [.readOnly, .noDevices])
            try Mounts.attach(tree, at: directory.sub("target"))
            #expect(try SmallFile.text(directory.sub("target/file")) == "x")
            let error = #expect(throws: SystemError.self) { try AtomicFile.replace(directory.sub("target/new"), with: "x") }
            #expect(error?.errno == EROFS)
            let fresh = try Mounts.detached(type: "tmpfs", options: [("size", "4096"), ("mode", "0700")], attributes: .noSUID)
            try Mounts.attach(fresh, on: .open(directory.sub("source"), O_RDONLY | O_DIRECTORY))
            #expect(try MountTable().mount(at: directory.sub("source"))?.options.contains("nosuid") == true)
            try Mounts.unmountAll(under: directory.path)
        }
    }

    @Test("files are replaced whole")
    func filesAreReplacedWhole() throws {
        let path = directory.sub("file")
        try AtomicFile.replace(path, with: "one", mode: 0o644)
        let first = try FileStatus(of: path)
        #expect(first.mode == 0o644)
        try AtomicFile.replace(path, with: [UInt8]("two".utf8), mode: 0o600, durability: .synced)
        #expect(try SmallFile.text(path) == "two")
        #expect(try FileStatus(of: path).inode != first.inode)
        #expect(try DirectoryListing.names(at: directory.path) == ["file"])
        try Directories.make(directory.sub("directory/full"))
        #expect(throws: SystemError.self) { try AtomicFile.replace(directory.sub("directory"), with: "x") }
        #expect(try DirectoryListing.names(at: directory.path) == ["directory", "file"], "no temporary file stays")
        try AtomicFile.remove(path)
        try AtomicFile.remove(path)
    }

    @Test("reads are bounded")
    func readsAreBounded() throws {
        try AtomicFile.replace(directory.sub("file"), with: [UInt8](repeating: 1, count: 1000))
        #expect(try SmallFile.bytes(directory.sub("file"), limit: 1000).count == 1000)
        let error = #expect(throws: SystemError.self) { _ = try SmallFile.bytes(directory.sub("file"), limit: 999) }
        #expect(error?.code == .tooLarge)
    }

    @Test("inotify reports the events of a directory")
    func inotifyTellsWhatHappened() async throws {
        let inotify = try Inotify()
        let watch = try inotify.add(directory.path, .directoryContent)
        try AtomicFile.replace(directory.sub("name"), with: "x")
        var names: [String] = []
        var events = inotify.makeAsyncIterator()
        while let event = try await events.next(timeout: .seconds(60)) {
            #expect(event.watch == watch)
            names.append(event.name)
            if event.mask.contains(.movedTo) { break }
        }
        #expect(names.last == "name")
        let error = await #expect(throws: SystemError.self) { _ = try await events.next(timeout: .milliseconds(10)) }
        #expect(error?.code == .timedOut)
        let reader = Task { () -> Bool in
            var events = inotify.makeAsyncIterator()
            do {
                _ = try await events.next()
                return false
            } catch is CancellationError { return true }
        }
        reader.cancel()
        #expect(try await reader.value)
    }
}
