import Glibc
import LinuxSystem
import TestSupport
import Testing

/// Where the file system does count is shown in the virtual machine.
@Suite("Folders that the file system counts")
struct ProjectQuotaTests {
    @Test("a file system without project quotas counts nothing and is left as it is")
    func unavailable() throws {
        let name = "/dev/shm/project-\(getpid())"
        try Directories.make(name)
        defer { rmdir(name) }
        let folder = try OwnedFileDescriptor.open(name, O_RDONLY | O_DIRECTORY)
        #expect(!ProjectQuota.begin(at: folder))
        #expect(ProjectQuota.usage(of: name) == nil)
    }

    @Test("nothing there, or something that is no folder, is not counted", arguments: ["none", "file"])
    func missing(name: String) throws {
        let folder = try TemporaryFolder()
        _ = try OwnedFileDescriptor.open(folder.sub("file"), O_WRONLY | O_CREAT, mode: 0o600)
        #expect(ProjectQuota.usage(of: folder.sub(name)) == nil)
    }
}
