import FoundationEssentials
import Glibc
import KubeModel
import LinuxSystem
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Static folder", .timeLimit(.minutes(1)))
struct StaticFolderTests {
    private let time = ManualTime()
    private let journal = Journal<[String]>()

    /// Follows a folder; each snapshot is noted as the names of its pods.
    private func follow(_ path: String, _ body: () async throws -> Void) async throws {
        let folder = StaticFolder(try TestManifestFolder(path), nodeName: "node-1", period: .seconds(20), time: time, logger: .silent)
        let journal = journal
        try await whileRunning({ await folder.run() }) {
            try await whileRunning({ for await pods in folder.snapshots { journal.note(pods.map(\.pod.name)) } }) {
                await journal.wait(count: 1)
                try await body()
            }
        }
    }

    /// Writes the file as a whole.
    private func write(_ name: String, in path: String, file: String) throws {
        try AtomicFile.replace(path + "/" + file, with: StaticManifestTests.text(name: name))
    }

    @Test("files come and go without a look at the clock")
    func filesComeAndGo() async throws {
        try await withTemporaryFolder { path in
            try await follow(path) {
                try write("web", in: path, file: "web.yaml")
                await journal.wait(count: 2)
                try write("db", in: path, file: "db.yaml")
                await journal.wait(count: 3)
                try AtomicFile.remove(path + "/web.yaml")
                await time.waitForSleeper(until: .seconds(1))
                time.advance(by: .seconds(1))
                await journal.wait(count: 4)
            }
        }
        #expect(journal.entries == [[], ["web-node-1"], ["db-node-1", "web-node-1"], ["db-node-1"]])
    }

    @Test("a file moved away and back within a second changes nothing")
    func movedAwayAndBack() async throws {
        try await withTemporaryFolder { path in
            try write("web", in: path, file: "web.yaml")
            try await follow(path) {
                try FileManager.default.moveItem(atPath: path + "/web.yaml", toPath: path + "/.away")
                await time.waitForSleeper(until: .seconds(1))
                try FileManager.default.moveItem(atPath: path + "/.away", toPath: path + "/web.yaml")
                try write("a", in: path, file: "a.yaml")
                await journal.wait(count: 2)
                time.advance(by: .seconds(2))
                try write("b", in: path, file: "b.yaml")
                await journal.wait(count: 3)
            }
        }
        #expect(journal.entries == [["web-node-1"], ["a-node-1", "web-node-1"], ["a-node-1", "b-node-1", "web-node-1"]])
    }

    @Test("a half-written file changes nothing, even if its first half is a pod")
    func halfWritten() async throws {
        try await withTemporaryFolder { path in
            try write("web", in: path, file: "web.yaml")
            try await follow(path) {
                await time.waitForSleeper(until: .seconds(20))
                let file = try OwnedFileDescriptor.open(path + "/web.yaml", O_WRONLY | O_TRUNC)
                try file.writeAll(StaticManifestTests.text(name: "half"))
                // The whole folder is read in the meantime.
                time.advance(by: .seconds(20))
                await time.waitForSleeper(until: .seconds(20) + .milliseconds(100))
                try file.writeAll("# the second half\n")
                file.close()
                try await eventually("the whole file is read") {
                    time.advance(by: .seconds(1))
                    return journal.entries.count == 2
                }
            }
        }
        #expect(journal.entries == [["web-node-1"], ["half-node-1"]])
    }

    @Test("what is no manifest does not stop the others")
    func badFiles() async throws {
        try await withTemporaryFolder { path in
            try write("swap", in: path, file: ".web.yaml.swp")
            try write("web", in: path, file: "web.yaml")
            try write("web", in: path, file: "web.yaml~")
            try TemporaryFolder.write("", to: path + "/4913")
            try TemporaryFolder.write("kind: [", to: path + "/broken.yaml")
            try Directories.make(path + "/folder.yaml")
            try AtomicFile.relink(path + "/loop.yaml", to: "loop.yaml")
            try systemCall("mkfifo") { mkfifo(path + "/pipe.yaml", 0o600) }
            try AtomicFile.relink(path + "/zero.yaml", to: "/dev/zero")
            let large = try OwnedFileDescriptor.open(path + "/large.yaml", O_WRONLY | O_CREAT, mode: 0o600)
            try systemCall("ftruncate") { large.withRawValue { ftruncate($0, 100 << 20) } }
            large.close()
            try Directories.make(path + "/.else")
            try write("linked", in: path, file: ".else/linked")
            try AtomicFile.relink(path + "/linked.yaml", to: ".else/linked")
            try await follow(path) {}
        }
        #expect(journal.entries == [["linked-node-1", "web-node-1"]])
    }

    @Test("a folder that is missing has no pods, and is followed when it comes")
    func missingFolder() async throws {
        try await withTemporaryFolder { path in
            try await follow(path + "/manifests") {
                try Directories.make(path + "/manifests")
                try write("web", in: path, file: "manifests/web.yaml")
                await journal.wait(count: 2)
            }
        }
        #expect(journal.entries == [[], ["web-node-1"]])
    }

    @Test("a change behind a symbolic link is found by the next reading of the whole folder")
    func fullReading() async throws {
        try await withTemporaryFolder { path in
            try await withTemporaryFolder { other in
                try write("web", in: other, file: "web.yaml")
                try AtomicFile.relink(path + "/web.yaml", to: other + "/web.yaml")
                try await follow(path) {
                    await time.waitForSleeper(until: .seconds(20))
                    try write("other", in: other, file: "web.yaml")
                    time.advance(by: .seconds(20))
                    await journal.wait(count: 2)
                }
            }
        }
        #expect(journal.entries == [["web-node-1"], ["other-node-1"]])
    }
}
