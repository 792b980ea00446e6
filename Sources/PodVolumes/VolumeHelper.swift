import Glibc
import LinuxSystem
import PodCore

/// Starts the processes that touch file systems of other machines, and kills those that get no answer.
struct VolumeHelper: Sendable {
    /// The answer to a call.
    enum Answer: Sendable, Hashable {
        case done(String)
        case refused(errno: Int32, String)
        /// The process was killed.
        case noAnswer
    }

    /// The program with the subcommand of `VolumeCallProgram`.
    let executable: String
    /// The first that exists is used.
    let mountPrograms: [String]
    let patience: VolumePatience
    let pool: BlockingPool

    func call(_ call: VolumeCall, within deadline: Duration) async throws(VolumeFailure) -> Answer {
        let arguments = ["swiftlet", VolumeCallProgram.subcommand] + call.arguments
        let run = try await start(executable, arguments, environment: [], deadline)
        switch run.status {
        case nil: return .noAnswer
        case .exited(0): return .done(run.output)
        case .exited(let code) where code != VolumeCallProgram.unknownCall: return .refused(errno: code, run.output)
        case .some(let status):
            let words = call.arguments.joined(separator: " ")
            throw VolumeFailure(.system, "the process for \(words) ended with \(status)\(run.output.isEmpty ? "" : ": \(run.output)")")
        }
    }

    /// Mounts with mount.nfs. Throws with the program's own words.
    func mountNFS(_ export: NFSExport, at path: String) async throws(VolumeFailure) {
        guard let program = mountPrograms.first(where: { access($0, X_OK) == 0 }) else {
            throw VolumeFailure(
                .system,
                "\(mountPrograms.first ?? "mount.nfs") is missing on this node: install nfs-common (Debian, Ubuntu), nfs-utils (Fedora, RHEL, Arch, "
                    + "Alpine) or nfs-client (SUSE)")
        }
        let options = export.options.joined(separator: ",")
        // mount.nfs starts programs of its own by name, and translates its messages.
        let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
        let run = try await start(
            program, ["mount.nfs", export.source, path] + (options.isEmpty ? [] : ["-o", options]), environment: environment, patience.mount)
        switch run.status {
        case .exited(0): return
        case nil:
            throw VolumeFailure(
                .busy,
                "mounting \(export.source): no answer of the file server within \(patience.mount): is it running, and can this node reach it?"
                    + (run.output.isEmpty ? "" : " \(run.output)"))
        case .some(let status):
            let words = run.output.isEmpty ? "mount.nfs said nothing" : run.output
            throw VolumeFailure(.system, "mounting \(export.source) failed: \(words) (\(status))")
        }
    }

    private func start(
        _ program: String, _ arguments: [String], environment: [String], _ deadline: Duration
    ) async throws(VolumeFailure) -> ProgramRun {
        do {
            return try await ProgramRun.run(program, arguments, environment: environment, deadline: deadline, pool: pool)
        } catch {
            throw VolumeFailure(.system, "cannot run \(program): \(error)")
        }
    }
}
