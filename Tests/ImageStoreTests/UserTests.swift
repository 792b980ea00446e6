import CLinux
import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import ImageStore

@Suite struct UserTests {
    private static let resolver = UserResolver(
        passwd: Array(
            """
            # a comment
            root:x:0:0:root:/root:/bin/sh
            bad:x:4294967296:0::/:/bin/sh
            worse:x:-1:0::/:/bin/sh
            edge:x:2147483648:0::/:/bin/sh
            short:x:1
            app:x:1000:1001::/home/app:/bin/sh
            app:x:1:1::/later:/bin/sh

            42:x:7:7::/number:/bin/sh
            """.utf8),
        group: Array("root:x:0:\nstaff:x:50:app,other\nwheel:x:10:root,app\nstaff2:x:50:app\nbroken:x:99999999999:app\n".utf8))

    @Test(
        "a user string resolves to ids, groups and home",
        arguments: [
            ("", 0, 0, [], "/root"),
            ("root", 0, 0, [10], "/root"),
            ("app", 1000, 1001, [50, 10], "/home/app"),
            ("1000", 1000, 1001, [50, 10], "/home/app"),
            ("app:staff", 1000, 50, [], "/home/app"),
            ("app:5", 1000, 5, [], "/home/app"),
            ("5:6", 5, 6, [], nil),
            ("5", 5, 0, [], nil),
            ("42", 42, 0, [], nil),
            ("2147483647", 2_147_483_647, 0, [], nil),
        ] as [(String, UInt32, UInt32, [UInt32], String?)])
    func known(_ user: String, _ uid: UInt32, _ gid: UInt32, _ groups: [UInt32], _ home: String?) throws {
        let expected = user.isEmpty ? [10] : groups
        #expect(try Self.resolver.resolve(user) == ImageUser(uid: uid, gid: gid, additionalGids: expected, home: home))
    }

    @Test(
        "an unknown user, or a number out of range, is an error and never root (CVE-2024-40635, CVE-2026-30892)",
        arguments: [
            "nobody", "app:nobody", "4294967296", "2147483648", "-1", "+0", "0x0", "0:0x", "0:-1", "0:4294967296", "bad", "worse", "edge", "short",
            "root:root:root", " ", "0 ", " 0", "00000000004294967296", "18446744073709551616",
            "99999999999999999999999",
        ])
    func unknown(_ user: String) throws {
        let error = try #require(throws: ImageStoreError.self) { try Self.resolver.resolve(user) }
        #expect(error.code == .unknownUser)
    }

    @Test(
        "a number out of range is said as such, with the line that has it",
        arguments: [
            ("big", "the line of the image's /etc/passwd with the name \"big\" has the user number \"99999999999\""),
            ("minus", "the line of the image's /etc/passwd with the name \"minus\" has the user number \"-1\""),
            ("word", "the line of the image's /etc/passwd with the name \"word\" has the user number \"root\""),
            ("wide", "the line of the image's /etc/passwd with the name \"wide\" has the group number \"4294967296\""),
            ("9", "the line of the image's /etc/passwd with the name \"wide\" has the group number \"4294967296\""),
            ("5:far", "the line of the image's /etc/group with the name \"far\" has the group number \"99999999999\""),
            ("99999999999", "the setting has the user number \"99999999999\""), ("5:99999999999", "the setting has the group number \"99999999999\""),
        ])
    func outOfRange(user: String, text: String) throws {
        let resolver = UserResolver(
            passwd: Array(
                "big:x:99999999999:0::/:/bin/sh\nminus:x:-1:0::/:\nword:x:root:0::/:\nwide:x:9:4294967296::/w:\ntwice:x:x:0::/:\ntwice:x:7:8::/t:\n"
                    .utf8),
            group: Array("far:x:99999999999:\n".utf8))
        let error = try #require(throws: ImageStoreError.self) { try resolver.resolve(user) }
        #expect(error.detail == text + ", wanted a number from 0 to 2147483647")
        // A group of one's own needs none of the line, and a line that can be read counts before another.
        #expect(try resolver.resolve("wide:3") == ImageUser(uid: 9, gid: 3, home: "/w"))
        #expect(try resolver.resolve("twice") == ImageUser(uid: 7, gid: 8, home: "/t"))
    }

    @Test("files with CRLF line ends are read")
    func carriageReturns() throws {
        let resolver = UserResolver(passwd: Array("root:x:0:0\r\napp:x:7:8::/app\r\n".utf8), group: Array("staff:x:50:other,app\r\n".utf8))
        #expect(try resolver.resolve("app") == ImageUser(uid: 7, gid: 8, additionalGids: [50], home: "/app"))
    }

    @Test("numbers need no account files, names do")
    func withoutFiles() throws {
        let empty = UserResolver(passwd: [], group: [])
        #expect(try empty.resolve("") == ImageUser(uid: 0, gid: 0))
        #expect(try empty.resolve("7:8") == ImageUser(uid: 7, gid: 8))
        #expect(throws: ImageStoreError.self) { try empty.resolve("root") }
    }

    @Test("account files of gigabytes are not read (CVE-2025-4437)", arguments: ["passwd", "group"]) func oversizedFilesAreNotRead(name: String)
        async throws
    {
        try await withTemporaryFolder { root in
            try Directories.make(root + "/etc")
            let file = try OwnedFileDescriptor.open(root + "/etc/" + name, O_WRONLY | O_CREAT, mode: 0o644)
            #expect(file.withRawValue { ftruncate($0, 5 << 30) } == 0)
            let error = try #require(throws: SystemError.self) { try UserResolver(lowerDirectories: [root], limit: 4096) }
            #expect(error.code == .tooLarge)
        }
    }

    @Test("account files are found through the layers", .enabled(if: isRoot, "needs root")) func mergedLayers() async throws {
        try await withTemporaryFolder { root in
            func text(_ path: String, _ layers: [String]) throws -> String? {
                let tree = try MergedTree(lowerDirectories: layers.map { "\(root)/\($0)" })
                return try tree.open(path).map { String(decoding: try $0.readAll(limit: 100), as: UTF8.self) }
            }
            func file(_ path: String, _ content: String) throws {
                let full = "\(root)/\(path)"
                try Directories.make(full.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))
                try AtomicFile.replace(full, with: content)
            }
            try file("0/etc/passwd", "bottom")
            try file("0/etc/group", "group")
            try file("1/etc/passwd", "middle")
            #expect(try text("/etc/passwd", ["1", "0"]) == "middle")
            #expect(try text("/etc/group", ["1", "0"]) == "group")
            #expect(try text("/etc/none", ["1", "0"]) == nil)
            #expect(try text("/etc", ["1", "0"]) == nil)

            try Directories.make(root + "/whiteout/etc")
            #expect(mknod(root + "/whiteout/etc/passwd", S_IFCHR, 0) == 0)
            #expect(try text("/etc/passwd", ["whiteout", "0"]) == nil)
            #expect(try text("/etc/group", ["whiteout", "0"]) == "group")
            try Directories.make(root + "/gone")
            #expect(mknod(root + "/gone/etc", S_IFCHR, 0) == 0)
            #expect(try text("/etc/passwd", ["gone", "0"]) == nil)

            try Directories.make(root + "/opaque/etc")
            let etc = try OwnedFileDescriptor.open(root + "/opaque/etc", O_RDONLY | O_DIRECTORY)
            #expect(swl_fsetxattr(etc.rawValue, "trusted.overlay.opaque", "y", 1) == 0)
            #expect(try text("/etc/passwd", ["opaque", "0"]) == nil)

            // Links lead to other layers of the stack, never to the machine.
            try file("3/secret", "machine")
            try Directories.make(root + "/link/etc")
            #expect(symlink("/usr/../usr/share/passwd", root + "/link/etc/passwd") == 0)
            #expect(symlink("../../../../../../\(root)/3/secret", root + "/link/etc/group") == 0)
            try file("0/usr/share/passwd", "linked")
            #expect(try text("/etc/passwd", ["link", "0"]) == "linked")
            #expect(try text("/etc/group", ["link", "0"]) == nil)
            #expect(symlink("loop", root + "/link/loop") == 0)
            #expect(throws: SystemError.self) { try text("/loop", ["link", "0"]) }
            #expect(mkfifo(root + "/link/fifo", 0o600) == 0)
            #expect(try text("/fifo", ["link", "0"]) == nil)
        }
    }
}
