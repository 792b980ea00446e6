import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import PodVolumes

@Suite("Folders of plugins") struct PluginFoldersTests {
    @Test("they are made with kubelet's mode, and an existing one stays as it is")
    func make() throws {
        let folder = try TemporaryFolder()
        try Directories.make(folder.sub("plugins"), mode: 0o700)
        try TemporaryFolder.write("x", to: folder.sub("plugins/file"))
        for _ in 1...2 { try PluginFolders.make(in: folder.path) }
        for name in ["plugins_registry", "device-plugins", "pod-resources"] {
            let status = try FileStatus(of: folder.sub(name))
            #expect(status.kind == .directory && status.mode == 0o750, "\(name)")
        }
        #expect(try FileStatus(of: folder.sub("plugins")).mode == 0o700)
        #expect(try TemporaryFolder.text(folder.sub("plugins/file")) == "x")
    }
}
