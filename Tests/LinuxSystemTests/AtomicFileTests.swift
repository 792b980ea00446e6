import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var names: [String] {
        get throws { try DirectoryListing.entries(of: .open(folder.path, O_RDONLY | O_DIRECTORY)).map { "\($0)" }.sorted() }
    }

    @Test(
        "a file is replaced whole, with exactly the mode asked for, and nothing is left beside it", arguments: [AtomicFile.Durability.none, .synced])
    func replaces(durability: AtomicFile.Durability) throws {
        let path = folder.sub("file")
        try AtomicFile.replace(path, with: "first", mode: 0o600, durability: durability)
        try AtomicFile.replace(path, with: "second", mode: 0o666, durability: durability)
        #expect(try SmallFile.text(path) == "second")
        #expect(try FileStatus(of: path).mode & 0o777 == 0o666)
        #expect(try names == ["file"])
    }

    @Test("a link is made, then pointed elsewhere, and nothing is left beside it")
    func relinks() throws {
        try AtomicFile.replace(folder.sub("a"), with: "A")
        try AtomicFile.replace(folder.sub("b"), with: "B")
        try AtomicFile.relink(folder.sub("current"), to: "a")
        #expect(try SmallFile.text(folder.sub("current")) == "A")
        try AtomicFile.relink(folder.sub("current"), to: "b")
        #expect(try SmallFile.text(folder.sub("current")) == "B")
        #expect(try names == ["a", "b", "current"])
    }

    @Test("a link that cannot take its place leaves nothing beside it")
    func refusedLink() throws {
        try Directories.make(folder.sub("current/full"))
        #expect(throws: SystemError.self) { try AtomicFile.relink(folder.sub("current"), to: "a") }
        #expect(try names == ["current"])
    }
}
