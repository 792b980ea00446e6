import CLinux
import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite struct SubPathTests {
    let directory: TemporaryFolder
    var volume: String { directory.sub("volume") }

    init() throws {
        directory = try TemporaryFolder()
        try Directories.make(directory.sub("volume/dir/inner"))
        try AtomicFile.replace(directory.sub("volume/dir/file"), with: "x")
        try Directories.make(directory.sub("outside"))
        try AtomicFile.replace(directory.sub("outside/secret"), with: "x")
    }

    @Test(
        "names inside the volume are opened",
        arguments: [("dir", "dir"), ("dir/file", "dir/file"), ("./dir//inner", "dir/inner"), ("near", "dir"), ("", ".")])
    func namesInside(subPath: String, expected: String) throws {
        symlink("dir", directory.sub("volume/near"))
        let opened = try SubPath.open(subPath, inVolume: volume)
        #expect(try FileStatus(of: opened).inode == FileStatus(of: directory.sub("volume/" + expected)).inode)
    }

    @Test(
        "names that lead outside the volume are refused",
        arguments: ["../outside", "dir/../../outside", "/etc", "up/secret", "absolute/secret", "dir/deep", "up/new"])
    func namesOutside(subPath: String) throws {
        symlink("../outside", directory.sub("volume/up"))
        symlink(directory.sub("outside"), directory.sub("volume/absolute"))
        symlink("../../outside/secret", directory.sub("volume/dir/deep"))
        let error = #expect(throws: SystemError.self) { _ = try SubPath.open(subPath, inVolume: volume) }
        #expect(error?.code == .escapes)
        #expect(try DirectoryListing.names(at: directory.sub("outside")) == ["secret"])
    }

    @Test("missing directories get the root's mode and owner")
    func missingDirectoriesGetTheRootsModeAndOwner() throws {
        let root = isRoot
        chmod(volume, 0o2731)
        if root {
            chown(volume, 12, 34)
            chmod(volume, 0o2731)
        }
        _ = try SubPath.open("a/b", inVolume: volume)
        for name in ["volume/a", "volume/a/b"] {
            let status = try FileStatus(of: directory.sub(name))
            #expect(status.mode == 0o2731)
            if root { #expect(status.uid == 12 && status.gid == 34) }
        }
        let missing = #expect(throws: SystemError.self) { _ = try SubPath.open("never", inVolume: volume, readOnly: true) }
        #expect(missing?.errno == ENOENT)
        let throughFile = #expect(throws: SystemError.self) { _ = try SubPath.open("dir/file/x", inVolume: volume) }
        #expect(throughFile?.errno == ENOTDIR)
    }

    /// Two containers share the volume. One swaps a directory for a symlink to the outside, the other one a directory further down, as fast as possible.
    @Test("swapping directories for symlinks never leads outside (CVE-2017-1002101, CVE-2021-25741)")
    func swappingNeverLeadsOutside() throws {
        let volume = volume
        let outside = try FileStatus(of: directory.sub("outside"))
        symlink("../outside", directory.sub("volume/evil"))
        try Directories.make(volume + "/tree/mid/leaf")
        symlink("../../outside", volume + "/tree/link")
        let attackers = try [PathSwap.start(volume + "/dir", volume + "/evil"), PathSwap.start(volume + "/tree/mid", volume + "/tree/link")]
        defer { for attacker in attackers { attacker.stop() } }
        var refused = 0
        for number in 0..<10_000 {
            // Every other time a name that has to be made.
            let subPath = ["dir", "dir/new\(number)", "tree/mid", "tree/mid/new\(number)/deep"][number % 4]
            do throws(SystemError) {
                let opened = try SubPath.open(subPath, inVolume: volume)
                #expect(try FileStatus(of: opened).inode != outside.inode)
            } catch {
                refused += 1
            }
        }
        for attacker in attackers { attacker.stop() }
        #expect(attackers.allSatisfy { $0.count > 100 }, "the attackers have to get turns for this to mean anything")
        #expect(refused > 0)
        #expect(try DirectoryListing.names(at: directory.sub("outside")) == ["secret"], "nothing was made outside")
    }
}
