import LinuxSystem
import TestSupport
import Testing

@Suite struct KernelParametersTests {
    private let directory: TemporaryFolder
    private let kernel: KernelParameters

    init() throws {
        directory = try TemporaryFolder()
        kernel = KernelParameters(root: directory.path)
        try Directories.make(directory.sub("vm"))
        try Directories.make(directory.sub("kernel/keys"))
        for (file, content) in [("vm/overcommit_memory", "0\n"), ("kernel/panic", "10\n"), ("kernel/keys/root_maxkeys", "5\n")] {
            try AtomicFile.replace(directory.sub(file), with: content)
        }
    }

    @Test("differences are named and can be set")
    func differencesAreNamedAndCanBeSet() throws {
        let wanted = ["vm.overcommit_memory": "1", "kernel.panic": "10", "kernel.keys.root_maxkeys": "7", "vm.none": "1"]
        let found = try kernel.differences(from: wanted)
        #expect(
            found.map(\.description) == [
                "kernel.keys.root_maxkeys is 5, wanted 7", "vm.none is not there, wanted 1", "vm.overcommit_memory is 0, wanted 1",
            ])
        for difference in found where difference.found != nil { try kernel.set(difference.name, to: difference.wanted) }
        #expect(try kernel.differences(from: wanted).map(\.name) == ["vm.none"])
        let error = #expect(throws: SystemError.self) { try kernel.set("vm.none", to: "1") }
        #expect(error?.isNotFound == true)
    }
}
