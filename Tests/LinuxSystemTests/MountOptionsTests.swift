import CLinux
import LinuxSystem
import Testing

@Suite("Mount options") struct MountOptionsTests {
    @Test("flags become bits, the rest goes to the file system, and the last one wins") func taken() {
        let options = MountOptions(["ro,noexec", "noatime", "size=1m", "rw", "errors=remount-ro"])
        #expect(options.mountFlags == SWL_MS_NOEXEC | 1024)
        #expect(options.data == ["size=1m", "errors=remount-ro"])
        #expect(options.attributes == [.noExecute, Mounts.Flags(rawValue: 0x10)])
        #expect(options.clearedAttributes == Mounts.Flags(rawValue: 0x70))
    }

    @Test("options of a whole file system are known as such", arguments: [("sync", true), ("subvol=a", true), ("nodev", false), ("defaults", false)])
    func ofFileSystem(option: String, isOne: Bool) {
        #expect(MountOptions([option]).ofFileSystem.isEmpty == !isOne)
    }
}
