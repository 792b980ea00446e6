import CLinux
import FoundationEssentials
import Glibc
import LinuxSystem
import PodCore
import ShimClient

/// `process`: what the records of a container and of a further program in it have in common.
struct OCIProcess: Sendable {
    let process: OCISpec.Process
    let filter: SeccompCompiler.Filter
    /// The capabilities that the shim has to give.
    let available: UInt64

    /// Checks a process before any file is read.
    static func check(_ process: OCISpec.Process) throws(RuntimeFailure) {
        guard let program = process.args?.first, !program.isEmpty else {
            throw OCIBundle.invalid("process.args", "none", "the program to run")
        }
        guard process.cwd.hasPrefix("/") else { throw OCIBundle.invalid("process.cwd", "\"\(process.cwd)\"", "an absolute path") }
        for text in (process.args ?? []) + (process.env ?? []) + [process.cwd] where text.utf8.contains(0) {
            throw OCIBundle.invalid("process", "a NUL in \"\(text.prefix(40))\"", "texts without one")
        }
        for entry in process.env ?? [] where !entry.dropFirst().contains("=") {
            throw OCIBundle.invalid("process.env", "\"\(entry)\"", "NAME=value")
        }
        if let score = process.oomScoreAdj, !(-1000...1000).contains(score) {
            throw OCIBundle.invalid("process.oomScoreAdj", "\(score)", "-1000 to 1000")
        }
        if !(process.selinuxLabel ?? "").isEmpty { throw OCIBundle.unsupported("process.selinuxLabel") }
    }

    /// - Parameter root: directory that the program will see as `/`, for the home directory of its user.
    func append(root: String, to writer: inout WireWriter) throws(RuntimeFailure) {
        writer.strings(SWL_TAG_PROCESS_ARGS, process.args ?? [])
        writer.strings(SWL_TAG_PROCESS_ENV, environment(root))
        writer.string(SWL_TAG_PROCESS_CWD, process.cwd)
        let user = process.user
        writer.layout(
            SWL_TAG_PROCESS_USER,
            swl_user(
                uid: user?.uid ?? 0, gid: user?.gid ?? 0, umask: user?.umask ?? 0, flags: user?.umask == nil ? 0 : UInt32(SWL_USER_UMASK)))
        if let gids = user?.additionalGids, !gids.isEmpty { writer.numbers(SWL_TAG_PROCESS_ADDITIONAL_GIDS, gids) }
        writer.layout(SWL_TAG_PROCESS_CAPABILITIES, try capabilities())
        for limit in process.rlimits ?? [] {
            guard let number = Self.rlimits.firstIndex(of: limit.type) else {
                throw OCIBundle.invalid("process.rlimits", "\"\(limit.type)\"", Self.rlimits.joined(separator: ", "))
            }
            guard limit.soft <= limit.hard else {
                throw OCIBundle.invalid("process.rlimits: \(limit.type)", "soft \(limit.soft) above hard \(limit.hard)", "soft up to hard")
            }
            writer.layout(SWL_TAG_PROCESS_RLIMIT, swl_rlimit(resource: UInt32(number), reserved: 0, soft: limit.soft, hard: limit.hard))
        }
        writer.number(SWL_TAG_PROCESS_NO_NEW_PRIVILEGES, process.noNewPrivileges == true ? 1 : 0)
        if let score = process.oomScoreAdj { writer.layout(SWL_TAG_PROCESS_OOM_SCORE_ADJ, Int32(score)) }
        if let profile = process.apparmorProfile, !profile.isEmpty, profile != "unconfined" {
            writer.bytes(SWL_TAG_PROCESS_APPARMOR_PROFILE, Array(profile.utf8), mustUnderstand: true)
        }
        if let scheduler = process.scheduler { writer.demand(SWL_TAG_PROCESS_SCHEDULER, try OCIScheduling.scheduler(scheduler)) }
        if let priority = process.ioPriority { writer.demand(SWL_TAG_PROCESS_IO_PRIORITY, try OCIScheduling.ioPriority(priority)) }
        if process.terminal == true {
            writer.bytes(SWL_TAG_PROCESS_TERMINAL, [1, 0, 0, 0], mustUnderstand: true)
            if let size = process.consoleSize {
                writer.layout(SWL_TAG_PROCESS_CONSOLE_SIZE, swl_console_size(rows: size.height, columns: size.width, width: 0, height: 0))
            }
        }
        writer.bytes(SWL_TAG_SECCOMP_FILTER, filter.program)
        if filter.flags != 0 { writer.number(SWL_TAG_SECCOMP_FLAGS, filter.flags) }
    }

    /// By the kernel's numbers.
    private static let rlimits = [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK",
        "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ]

    /// The capabilities that are left out: unknown names, and those that this machine itself lacks. The specification wants a
    /// warning for these and the container all the same.
    var missingCapabilities: [String] {
        let sets = process.capabilities
        let all = [sets?.bounding, sets?.effective, sets?.permitted, sets?.inheritable, sets?.ambient].flatMap { $0 ?? [] }
        return Set(all).filter { name in (try? CapabilityName.mask([name])).map { $0 & available == 0 } ?? true }.sorted()
    }

    /// The five sets as they are asked for; in the ambient set only what is permitted and inheritable counts, which the kernel would refuse
    /// otherwise.
    private func capabilities() throws(RuntimeFailure) -> swl_capabilities {
        guard let sets = process.capabilities else {
            return swl_capabilities(bounding: 0, effective: 0, inheritable: 0, permitted: 0, ambient: 0)
        }
        let mask = { (names: [String]?) in (names ?? []).reduce(UInt64(0)) { $0 | ((try? CapabilityName.mask([$1])) ?? 0) } & available }
        let permitted = mask(sets.permitted)
        let inheritable = mask(sets.inheritable)
        let effective = mask(sets.effective)
        guard effective & ~permitted == 0 else {
            throw OCIBundle.invalid(
                "process.capabilities.effective", CapabilityName.names(effective & ~permitted).joined(separator: " "), "only what is permitted too")
        }
        return swl_capabilities(
            bounding: mask(sets.bounding), effective: effective, inheritable: inheritable, permitted: permitted,
            ambient: mask(sets.ambient) & permitted & inheritable)
    }

    // MARK: Home

    /// Callers of OCI runtimes rely on HOME: it comes from the container's user database unless the caller has set it.
    private func environment(_ root: String) -> [String] {
        let given = process.env ?? []
        if given.contains(where: { $0.hasPrefix("HOME=") && $0 != "HOME=" }) { return given }
        return given.filter { !$0.hasPrefix("HOME=") } + ["HOME=" + Self.home(of: process.user?.uid ?? 0, root: root)]
    }

    /// Below `root` only, whatever links lead elsewhere; `/` when the user is unknown there.
    static func home(of uid: UInt32, root: String) -> String {
        guard let directory = try? OwnedFileDescriptor.open(root, SWL_O_PATH | O_DIRECTORY),
            let found = try? SafePath(root: directory).open("etc/passwd", SWL_O_PATH), (try? FileStatus(of: found))?.kind == .file,
            let bytes = try? SmallFile.bytes(found.procPath)
        else { return "/" }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
            if fields.count >= 6, UInt32(fields[2]) == uid { return fields[5].isEmpty ? "/" : fields[5] }
        }
        return "/"
    }
}

extension WireWriter {
    /// Fields that a shim must not ignore.
    mutating func demand<Layout: BitwiseCopyable>(_ tag: swl_tag, _ value: Layout, followedBy text: String = "") {
        bytes(tag, withUnsafeBytes(of: value) { Array($0) } + Array(text.utf8), mustUnderstand: true)
    }
}
