import CLinux
import CSeccomp
import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import ShimClient

@Suite struct SeccompTests {
    private let host = SeccompHost(architecture: SeccompHost.compiledArchitecture, kernel: KernelVersion(major: 6, minor: 1))

    private func run(_ profile: SeccompProfile, _ capabilities: Set<String>, _ call: String, _ arguments: [UInt64] = []) throws -> UInt32 {
        let program = try SeccompCompiler(host: host, scratchDirectory: "/tmp").compile(profile, capabilities: capabilities, name: "test")
        return BPFMachine(program).run(number: seccomp_syscall_resolve_name(call), architecture: seccomp_arch_native(), arguments: arguments)
    }

    private static let allow: UInt32 = 0x7fff_0000
    private static let eperm: UInt32 = 0x0005_0001
    private static let enosys: UInt32 = 0x0005_0026

    @Test("the default profile decides as published") func theDefaultProfileDecides() throws {
        let cases: [(String, [UInt64], Set<String>, UInt32)] = [
            ("read", [], [], Self.allow),
            ("execve", [], [], Self.allow),
            ("close_range", [], [], Self.allow),
            ("unshare", [], [], Self.eperm),
            ("unshare", [], ["CAP_SYS_ADMIN"], Self.allow),
            ("mount", [], ["CAP_NET_ADMIN"], Self.eperm),
            ("mount", [], ["CAP_SYS_ADMIN"], Self.allow),
            ("clone3", [], [], Self.enosys),
            ("clone3", [], ["CAP_SYS_ADMIN"], Self.allow),
            ("clone", [0x11], [], Self.allow),
            ("clone", [0x1000_0011], [], Self.eperm),
            ("clone", [0x0002_0011], [], Self.eperm),
            ("clone", [0x1000_0011], ["CAP_SYS_ADMIN"], Self.allow),
            ("socket", [2], [], Self.allow),
            ("socket", [8], [], Self.allow),
            ("socket", [32], [], Self.allow),
            ("socket", [41], [], Self.allow),
            ("socket", [40], [], Self.eperm),
            ("socket", [1 << 32 | 40], [], Self.eperm),
            ("personality", [0], [], Self.allow),
            ("personality", [8], [], Self.allow),
            ("personality", [0xffff_ffff], [], Self.allow),
            ("personality", [0x1234], [], Self.eperm),
            ("ptrace", [], [], Self.allow),
            ("init_module", [], [], Self.eperm),
            ("init_module", [], ["CAP_SYS_MODULE"], Self.allow),
            ("process_vm_readv", [], [], Self.eperm),
            ("process_vm_readv", [], ["CAP_SYS_PTRACE"], Self.allow),
            ("bpf", [], [], Self.eperm),
            ("bpf", [], ["CAP_BPF"], Self.allow),
            ("keyctl", [], [], Self.eperm),
            ("io_uring_setup", [], [], Self.eperm),
            ("userfaultfd", [], [], Self.eperm),
            ("kexec_load", [], [], Self.eperm),
            ("chroot", [], ["CAP_SYS_CHROOT"], Self.allow),
            ("settimeofday", [], [], Self.eperm),
        ]
        for (call, arguments, capabilities, wanted) in cases {
            #expect(try run(.runtimeDefault, capabilities, call, arguments) == wanted, "\(call) \(arguments) \(capabilities)")
        }
    }

    @Test(
        "a call newer than everything a profile lists fails with ENOSYS, where the profile forbids by default",
        arguments: [
            (470, enosys), (600, enosys), (0xeffff, enosys), (0xf0005, eperm), (400, eperm),
        ] as [(Int32, UInt32)])
    func newCalls(number: Int32, wanted: UInt32) throws {
        let compiler = SeccompCompiler(host: host, scratchDirectory: "/tmp")
        func run(_ profile: SeccompProfile) throws -> UInt32 {
            let program = try compiler.compile(profile, capabilities: [], name: "test")
            return BPFMachine(program).run(number: number, architecture: seccomp_arch_native(), arguments: [])
        }
        #expect(try run(.runtimeDefault) == wanted)
        let open = try SeccompProfile(json: Array(#"{"defaultAction":"SCMP_ACT_ALLOW"}"#.utf8), path: "p.json")
        #expect(try run(open) == Self.allow)
    }

    #if arch(x86_64)
        @Test("each architecture has its own newest call, and x32 none") func newCallsOfOtherArchitectures() throws {
            let program = try SeccompCompiler(host: host, scratchDirectory: "/tmp").compile(.runtimeDefault, capabilities: [], name: "test")
            let i386: UInt32 = 0x4000_0003
            let machine = BPFMachine(program)
            #expect(machine.run(number: 600, architecture: i386, arguments: []) == Self.enosys)
            #expect(machine.run(number: 3, architecture: i386, arguments: []) == Self.allow)
            // read as x32.
            #expect(machine.run(number: 0x4000_0000, architecture: seccomp_arch_native(), arguments: []) == Self.allow)
            #expect(machine.run(number: 0x4000_0258, architecture: seccomp_arch_native(), arguments: []) == Self.eperm)
        }
    #endif

    @Test("before Linux 4.8 the default profile allows no ptrace") func oldKernelsGetNoPtrace() throws {
        let old = SeccompHost(architecture: SeccompHost.compiledArchitecture, kernel: KernelVersion(major: 4, minor: 7))
        let program = try SeccompCompiler(host: old, scratchDirectory: "/tmp").compile(.runtimeDefault, capabilities: [], name: "test")
        let result = BPFMachine(program).run(number: seccomp_syscall_resolve_name("ptrace"), architecture: seccomp_arch_native(), arguments: [])
        #expect(result == Self.eperm)
    }

    @Test("local profiles are read in both formats") func localProfilesAreRead() throws {
        let json = """
            {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],
             "archMap":[{"architecture":"SCMP_ARCH_S390X","subArchitectures":["SCMP_ARCH_S390"]}],
             "syscalls":[
               {"names":["read","a_call_of_tomorrow"],"action":"SCMP_ACT_ALLOW","comment":"","args":[]},
               {"name":"write","action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]},
               {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]},"excludes":{"minKernel":"7.0"}},
               {"names":["kill"],"action":"SCMP_ACT_KILL_PROCESS"}]}
            """
        #if arch(x86_64)
            let profile = try SeccompProfile(json: Array(json.utf8), path: "test.json")
            #expect(try run(profile, [], "read") == Self.allow)
            #expect(try run(profile, [], "open") == Self.enosys)
            #expect(try run(profile, [], "write", [1]) == Self.allow)
            #expect(try run(profile, [], "write", [2]) == Self.allow)
            #expect(try run(profile, [], "write", [3]) == Self.enosys)
            #expect(try run(profile, [], "mount") == Self.enosys)
            #expect(try run(profile, ["CAP_SYS_ADMIN"], "mount") == Self.allow)
            #expect(try run(profile, [], "kill") == 0x8000_0000)
        #endif
    }

    @Test(
        "a profile that is not understood stops the container",
        arguments: [
            "", "[]", "{}", #"{"defaultAction":"SCMP_ACT_NOTIFY"}"#, #"{"defaultAction":"ALLOW"}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","sysCalls":[]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ERRNO"}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"x","action":"SCMP_ACT_TRAP","args":[{"index":6,"value":0,"op":"SCMP_CMP_NE"}]}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":0,"op":"=="}]}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":5000}]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/x"}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}"#,
            #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","includes":{"cap":["CAP_SYS_ADMIN"]}}]}"#,
        ])
    func profilesThatAreNotUnderstoodStopTheContainer(json: String) {
        #expect {
            try SeccompProfile(json: Array(json.utf8), path: "p.json")
        } throws: { error in
            guard let failure = error as? RuntimeFailure else { return false }
            return failure.code == .create && failure.message.contains("p.json")
        }
    }

    @Test("a filter is compiled once for each content and set of capabilities") func filtersAreMadeOnceForEachContentAndCapabilities() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/p.json"
        let compiler = SeccompCompiler(host: host, scratchDirectory: folder.path)
        try AtomicFile.replace(path, with: #"{"defaultAction":"SCMP_ACT_ALLOW"}"#)
        let first = try compiler.filter(.localhost(path: path), capabilities: [])
        // Without a place to compile in, only what is known can be had.
        let scratch = folder.path + "/gone"
        let blind = SeccompCompiler(host: host, scratchDirectory: scratch)
        try Directories.make(scratch)
        #expect(try blind.filter(.localhost(path: path), capabilities: []) == first)
        let standard = try blind.filter(.runtimeDefault, capabilities: ["CAP_CHOWN"])
        try TreeRemoval.remove(scratch)
        #expect(try blind.filter(.localhost(path: path), capabilities: []) == first)
        #expect(try blind.filter(.runtimeDefault, capabilities: ["CAP_CHOWN"]) == standard)
        #expect(throws: RuntimeFailure.self) { try blind.filter(.runtimeDefault, capabilities: ["CAP_SYS_ADMIN"]) }
        // The file's new content counts, not its name.
        try AtomicFile.replace(path, with: #"{"defaultAction":"SCMP_ACT_ERRNO"}"#)
        #expect(throws: RuntimeFailure.self) { try blind.filter(.localhost(path: path), capabilities: []) }
        #expect(try compiler.filter(.localhost(path: path), capabilities: []) != first)
    }

    @Test("a profile that cannot be read stops the container", arguments: ["", "folder", "missing.json"]) func aProfileThatIsNoFileStopsTheContainer(
        name: String
    ) throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        try Directories.make(folder.path + "/folder")
        try AtomicFile.replace(folder.path + "/empty.json", with: "")
        let compiler = SeccompCompiler(host: host, scratchDirectory: folder.path)
        for path in [folder.path + "/" + name, folder.path + "/empty.json"] {
            let failure = #expect(throws: RuntimeFailure.self) { try compiler.filter(.localhost(path: path), capabilities: []) }
            #expect(failure?.code == .create && failure?.message.contains(path) == true)
        }
    }

    @Test("an unknown architecture stops the container") func anUnknownArchitectureStopsTheContainer() throws {
        let json = #"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_PDP11"]}"#
        let profile = try SeccompProfile(json: Array(json.utf8), path: "p.json")
        #expect(throws: RuntimeFailure.self) { try run(profile, [], "read") }
    }

    @Test("capabilities become the kernel's numbers") func capabilitiesAreNumbers() throws {
        #expect(try CapabilityName.mask([]) == 0)
        #expect(try CapabilityName.mask(["CAP_CHOWN", "CAP_NET_RAW", "CAP_CHECKPOINT_RESTORE"]) == 1 | 1 << 13 | 1 << 40)
        for bad in ["NET_RAW", "CAP_NET_RAWW", "ALL", ""] {
            #expect(throws: RuntimeFailure.self) { try CapabilityName.mask(["CAP_CHOWN", bad]) }
        }
        let sets = try CapabilityName.sets(["CAP_KILL"])
        #expect(sets.bounding == 32 && sets.effective == 32 && sets.permitted == 32 && sets.inheritable == 0 && sets.ambient == 0)
    }
}

/// Runs classic BPF over `struct seccomp_data`, as far as libseccomp uses it.
struct BPFMachine {
    private let program: [UInt8]

    init(_ program: [UInt8]) { self.program = program }

    func run(number: Int32, architecture: UInt32, arguments: [UInt64]) -> UInt32 {
        var data: [UInt32] = [UInt32(bitPattern: number), architecture, 0, 0]
        for index in 0..<6 {
            let argument = index < arguments.count ? arguments[index] : 0
            data += [UInt32(truncatingIfNeeded: argument), UInt32(argument >> 32)]
        }
        var accumulator: UInt32 = 0
        var at = 0
        return program.withUnsafeBytes { code in
            while at * 8 < code.count {
                let operation = code.loadUnaligned(fromByteOffset: at * 8, as: UInt16.self)
                let yes = Int(code[at * 8 + 2])
                let no = Int(code[at * 8 + 3])
                let constant = code.loadUnaligned(fromByteOffset: at * 8 + 4, as: UInt32.self)
                at += 1
                switch operation {
                case 0x20: accumulator = data[Int(constant / 4)]
                case 0x05: at += Int(constant)
                case 0x15: at += accumulator == constant ? yes : no
                case 0x25: at += accumulator > constant ? yes : no
                case 0x35: at += accumulator >= constant ? yes : no
                case 0x45: at += accumulator & constant != 0 ? yes : no
                case 0x54: accumulator &= constant
                case 0x06: return constant
                default: return .max
                }
            }
            return .max
        }
    }
}
