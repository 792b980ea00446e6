import CLinux
import Glibc
import PodCore
import Testing

@testable import PodRuntime

@Suite struct WireTests {
    @Test func whatIsWrittenIsRead() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed)
            var writer = WireWriter(type: UInt16.random(in: 1...100, using: &random), sequence: UInt32.random(in: 1...UInt32.max, using: &random))
            var wanted: [[UInt8]] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                writer.bytes(SWL_TAG_STATUS_TEXT, payload)
                wanted.append(payload)
            }
            let bytes = writer.finished()
            #expect(bytes.count % 8 == 0)
            #expect(try WireReader.message(bytes).fields.map(\.payload) == wanted)
        }
    }

    @Test func layoutsKeepTheirStrings() throws {
        var writer = WireWriter(kind: SWL_KIND_LAUNCH)
        writer.layout(SWL_TAG_SYSCTL, swl_sysctl(key_length: 3, value_length: 2), followedBy: ["key", "va"])
        writer.numbers(SWL_TAG_PROCESS_ADDITIONAL_GIDS, [7, 8, 9])
        let (header, fields) = try WireReader.record(writer.finished())
        #expect(header.kind == UInt16(SWL_KIND_LAUNCH.rawValue))
        #expect(fields[0].layout(swl_sysctl.self, exact: false)?.key_length == 3)
        #expect(String(decoding: fields[0].tail(after: swl_sysctl.self), as: UTF8.self) == "keyva")
        #expect(fields[1].numbers == [7, 8, 9])
    }

    /// Zeros would read as a success that nobody saw.
    @Test func anExitWithoutItsMarkIsNone() throws {
        func exit(_ value: swl_exit) throws -> swl_exit? {
            var writer = WireWriter(type: UInt16(SWL_EVENT_EXITED.rawValue), sequence: 0)
            writer.layout(SWL_TAG_EXIT, value)
            return try ShimMessage(writer.finished()).exit
        }
        var marked = swl_exit()
        #expect(try exit(marked) == nil)
        marked.magic = SWL_EXIT_MAGIC
        marked.exit_code = 3
        #expect(try exit(marked)?.exit_code == 3)
        let unknown = ShimRuntime.exit(nil, nil)
        #expect(unknown.exitCode == 137 && !unknown.isKnown)
    }

    @Test func aTerminalIsAskedForWithItsSize() throws {
        func fields(_ size: TerminalSize?) throws -> [WireField] {
            var writer = WireWriter(kind: SWL_KIND_EXEC)
            ProcessRecord.appendTerminal(size, to: &writer)
            return try WireReader.record(writer.finished()).fields
        }
        #expect(try fields(nil).map(\.tag) == [UInt16(SWL_TAG_PROCESS_TERMINAL.rawValue)])
        let sized = try fields(TerminalSize(columns: 101, rows: 33))
        #expect(sized.first?.numbers == [1])
        let size = sized.last?.layout(swl_console_size.self)
        #expect(sized.last?.tag == UInt16(SWL_TAG_PROCESS_CONSOLE_SIZE.rawValue) && size?.columns == 101 && size?.rows == 33)
    }

    @Test func whatAnEarlierShimCannotIsSaid() {
        let verb = ShimStatus(step: SWL_STEP_MESSAGE.rawValue, errno: ENOTSUP, text: "a sandbox knows no verb 27")
        #expect(verb.failure(.internal, "attach").code == .notSupported)
        #expect(verb.failure(.internal, "attach").message.contains("delete the pod"))
        // The kernel says ENOTSUP as well, and means itself.
        let mount = ShimStatus(step: SWL_STEP_MOUNT.rawValue, errno: ENOTSUP, text: "mount /x")
        #expect(mount.failure(.create, "start") == RuntimeFailure(.create, "mount: mount /x"))
    }

    @Test func damagedMessagesAreErrorsAndNothingElse() throws {
        var writer = WireWriter(type: UInt16(SWL_VERB_QUERY.rawValue) | UInt16(SWL_REPLY.rawValue), sequence: 5)
        writer.layout(SWL_TAG_STATUS, swl_status(step: 0, reserved: 0, error: 0))
        writer.layout(SWL_TAG_SANDBOX_STATE, swl_sandbox_state())
        writer.layout(SWL_TAG_CONTAINER_STATE, swl_container_state(), followedBy: ["abc"])
        writer.string(SWL_TAG_STATUS_TEXT, "text")
        let good = writer.finished()
        var refused = 0
        for seed in 0..<4000 as Range<UInt64> {
            var random = SeededGenerator(seed)
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            do throws(RuntimeFailure) {
                let message = try ShimMessage(bytes)
                _ = (message.refusal, message.containerStates, message.sandboxState, message.process, message.exit, message.warnings)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 1000)
        #expect(throws: RuntimeFailure.self) { try ShimMessage([]) }
    }

    @Test func descriptorsWithoutRolesAreRefused() throws {
        var writer = WireWriter(type: 0x4001, sequence: 1)
        writer.numbers(SWL_TAG_FDS, [SWL_FD_PIDFD.rawValue])
        #expect(throws: RuntimeFailure.self) { try ShimMessage(writer.finished()) }
    }

    @Test func aFieldThatMustBeUnderstoodStopsTheReader() throws {
        var writer = WireWriter(type: 0x4001, sequence: 1)
        writer.bytes(SWL_TAG_PROCESS_ARGS, [1], mustUnderstand: true)
        #expect(throws: RuntimeFailure.self) { try ShimMessage(writer.finished()) }
    }

    @Test func execFailuresNameTheProgram() {
        let cases: [(ShimStatus, String, RuntimeFailure.Code, String)] = [
            (
                ShimStatus(step: SWL_STEP_EXEC.rawValue, errno: 2, text: "exec: \"/no/such/program\": no such file or directory"),
                "/no/such/program", .start, "exec: \"/no/such/program\": stat /no/such/program: no such file or directory"
            ),
            (
                ShimStatus(step: SWL_STEP_EXEC.rawValue, errno: 2, text: "exec: \"nope\": executable file not found in $PATH"), "nope", .start,
                "exec: \"nope\": executable file not found in $PATH"
            ),
            (
                ShimStatus(step: SWL_STEP_EXEC.rawValue, errno: 13, text: "exec: \"/etc/x\": permission denied"), "/etc/x", .start,
                "exec: \"/etc/x\": permission denied"
            ),
            (ShimStatus(step: SWL_STEP_SECCOMP.rawValue, errno: 22, text: "install"), "x", .create, "seccomp: install"),
        ]
        for (status, program, code, message) in cases {
            #expect(LaunchFailure.failure(status, program: program) == RuntimeFailure(code, message))
        }
    }

    @Test func theEnvironmentHasEachNameOnceAndAPath() {
        #expect(ProcessRecord.environment(["A=1", "B=2", "A=3"]) == ["A=3", "B=2", ProcessRecord.defaultPath])
        #expect(ProcessRecord.environment(["PATH=/x", "", "=y", "Z"]) == ["PATH=/x"])
    }
}

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678_9abc_def1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var value = state
        value ^= value >> 33
        value = value &* 0xff51_afd7_ed55_8ccd
        return value ^ (value >> 33)
    }
}
