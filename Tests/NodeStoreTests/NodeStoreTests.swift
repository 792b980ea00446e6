import Glibc
import LinuxSystem
import Logging
import PodCore
import TestSupport
import Testing

@testable import NodeStore

@Suite("Node store", .timeLimit(.minutes(1))) struct NodeStoreTests {
    private let pod = RecordName(.pod, "u1")
    private let secret = RecordName(.secret, "default", "key")
    private let content = Array(#"{"a":1}"#.utf8)

    private func store(_ path: String) -> NodeStore { NodeStore(directory: path, logger: .silent) }

    private func path(_ name: RecordName, in folder: String) -> String { "\(folder)/\(RecordPath(name).path)" }

    @Test("another program reads what was written, by name and by kind") func roundTrip() async throws {
        try await withTemporaryFolder { folder in
            let names = [
                pod, secret, RecordName(.node, "node-1"), RecordName(.services, "cluster"), RecordName(.token, "u1", "3600 https://x.example/?a=b"),
                RecordName(.configMap, String(repeating: "n", count: 63), String(repeating: "long.", count: 50) + "x"),
            ]
            let changes = Dictionary(uniqueKeysWithValues: names.map { ($0, Optional(Array($0.description.utf8))) })
            #expect(await store(folder).apply(changes) == [])
            let next = store(folder)
            for name in names {
                #expect(await next.record(name) == Array(name.description.utf8), "\(name)")
                #expect(await next.names(of: name.kind).contains(name), "\(name)")
                #expect(await next.records(of: name.kind)[name] == Array(name.description.utf8), "\(name)")
            }
            #expect(await next.record(RecordName(.pod, "u2")) == nil)
        }
    }

    @Test(
        "no name leads out of its folder, and different names have different files",
        arguments: [
            ["..", "..", "x"], ["a/b", "c"], ["a", "b/c"], [".", "x"], ["", ""], ["%", "a"], [".hidden.1-2.tmp", "x"], ["ü\n ", "\u{0}"],
        ])
    func names(parts: [String]) async throws {
        try await withTemporaryFolder { folder in
            let name = RecordName(.secret, parts: parts)
            #expect(await store(folder).apply([name: content, secret: content]) == [])
            #expect(await store(folder).record(name) == content)
            let place = RecordPath(name)
            #expect(place.path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") })
            #expect(place != RecordPath(secret))
        }
        #expect(RecordPath(RecordName(.pod, "a/b")) != RecordPath(RecordName(.pod, "a%2Fb")))
        let long = String(repeating: "a", count: 300)
        #expect(RecordPath(RecordName(.pod, long + "1")) != RecordPath(RecordName(.pod, long + "2")))
        #expect(RecordPath(RecordName(.pod, long)).file.utf8.count <= 160)
    }

    @Test("files and folders are root's alone") func modes() async throws {
        try await withTemporaryFolder { folder in
            let root = folder + "/node"
            #expect(await store(root).apply([secret: content]) == [])
            let file = try FileStatus(of: path(secret, in: root))
            #expect(file.mode == 0o600)
            for part in ["", "/objects", "/objects/secrets", "/objects/secrets/default"] {
                let folder = try FileStatus(of: root + part)
                #expect(folder.mode == 0o700)
            }
        }
    }

    @Test("a record that has not changed is not written, also by another program") func unchanged() async throws {
        try await withTemporaryFolder { folder in
            let first = store(folder)
            #expect(await first.apply([pod: content]) == [])
            let before = try FileStatus(of: path(pod, in: folder))
            #expect(await first.apply([pod: content]) == [])
            #expect(await store(folder).apply([pod: content]) == [])
            #expect(try FileStatus(of: path(pod, in: folder)) == before)
            #expect(await first.apply([pod: content + content]) == [])
            #expect(try FileStatus(of: path(pod, in: folder)).inode != before.inode)
        }
    }

    @Test("a removed record is gone, with its namespace's folder; removing it again is no failure") func removal() async throws {
        try await withTemporaryFolder { folder in
            let store = store(folder)
            #expect(await store.apply([secret: nil, pod: nil]) == [])
            #expect(await store.apply([secret: content, pod: content]) == [])
            #expect(await store.apply([secret: nil]) == [])
            #expect(await store.record(secret) == nil)
            let left = try DirectoryListing.names(at: folder + "/objects/secrets")
            #expect(left == [])
            #expect(await store.apply([secret: content]) == [])
            #expect(await store.record(secret) == content)
        }
    }

    @Test("a damaged record is put aside and kept; the others are read", arguments: ["", "swiftlet-record 0\nx\n", "garbage"])
    func damage(text: String) async throws {
        try await withTemporaryFolder { folder in
            let other = RecordName(.pod, "u2")
            #expect(await store(folder).apply([pod: content, other: content]) == [])
            for number in 1...2 {
                try TemporaryFolder.write(text, to: path(pod, in: folder))
                let next = store(folder)
                #expect(await next.records(of: .pod) == [other: content])
                let aside = try DirectoryListing.names(at: folder + "/damaged")
                #expect(aside.count == number)
                for name in aside { #expect(try TemporaryFolder.text("\(folder)/damaged/\(name)") == text) }
                #expect(await next.apply([pod: content]) == [])
                #expect(await next.record(pod) == content)
            }
        }
    }

    @Test("records of a newer version stay where they are, with one message") func newerVersion() async throws {
        try await withTemporaryFolder { folder in
            let other = RecordName(.pod, "u2")
            #expect(await store(folder).apply([pod: content, other: content, secret: content]) == [])
            let newer = "swiftlet-record 7\nof another form"
            for name in [pod, other] { try TemporaryFolder.write(newer, to: path(name, in: folder)) }
            let lines = Journal<String>()
            let next = NodeStore(directory: folder, logger: Logger(label: "test") { _ in LineLog(lines: lines) })
            for _ in 1...2 {
                #expect(await next.names(of: .pod) == [])
                #expect(await next.record(pod) == nil)
                #expect(await next.record(secret) == content)
            }
            for name in [pod, other] { #expect(try TemporaryFolder.text(path(name, in: folder)) == newer) }
            #expect(try FileStatus.ifPresent(folder + "/damaged") == nil)
            let messages = lines.entries.filter { $0.contains("newer version") }
            #expect(messages.count == 1 && messages[0].contains("\"found\": 7") && messages[0].contains("\"wanted\": 1"), "\(lines.entries)")
            // The node goes on remembering.
            #expect(await next.apply([pod: content]) == [])
            #expect(await store(folder).records(of: .pod) == [pod: content])
        }
    }

    @Test("a record under another one's name is put aside") func misplaced() async throws {
        try await withTemporaryFolder { folder in
            #expect(await store(folder).apply([pod: content]) == [])
            try systemCall("rename") { rename(path(pod, in: folder), folder + "/pods/u2") }
            #expect(await store(folder).record(RecordName(.pod, "u2")) == nil)
            #expect(await store(folder).names(of: .pod) == [])
            #expect(try DirectoryListing.names(at: folder + "/damaged") == ["pods_u2"])
        }
    }

    @Test("what a killed program was about to write is removed") func temporaryFiles() async throws {
        try await withTemporaryFolder { folder in
            #expect(await store(folder).apply([pod: content]) == [])
            try TemporaryFolder.write("half", to: folder + "/pods/.u1.1-7.tmp")
            #expect(await store(folder).names(of: .pod) == [pod])
            #expect(try DirectoryListing.names(at: folder + "/pods") == ["u1"])
        }
    }

    @Test(
        "on a full disk the change fails with the reason, the old record stays, and later it is written", .enabled(if: geteuid() == 0, "needs root"))
    func fullDisk() async throws {
        try await withTemporaryFolder { folder in
            try systemCall("mount", folder) { mount("tmpfs", folder, "tmpfs", 0, "size=64k") }
            let store = store(folder)
            #expect(await store.apply([pod: content]) == [])
            let large = [UInt8](repeating: 7, count: 200_000)
            let failures = await store.apply([pod: large, secret: content])
            #expect(failures.map(\.name) == [pod] && failures.first?.reason == SystemError.text(of: ENOSPC))
            #expect(await store.record(pod) == content)
            #expect(try DirectoryListing.names(at: folder + "/pods") == ["u1"])
            try systemCall("mount", folder) { mount("tmpfs", folder, "tmpfs", UInt(MS_REMOUNT), "size=1m") }
            #expect(await store.apply([pod: large]) == [])
            #expect(await store.record(pod) == large)
            try systemCall("umount2", folder) { umount2(folder, 0) }
        }
    }
}
