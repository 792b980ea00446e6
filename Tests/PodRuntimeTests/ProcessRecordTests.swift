import CLinux
import PodCore
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite struct ProcessRecordTests {
    @Test("a terminal is asked for with its size")
    func aTerminalIsAskedForWithItsSize() throws {
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

    @Test("a failed exec names the program")
    func execFailuresNameTheProgram() {
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
            #expect(LaunchFailure.failure(status, args: [program]) == RuntimeFailure(code, message))
        }
    }

    @Test("the environment has each name once, and a PATH")
    func theEnvironmentHasEachNameOnceAndAPath() {
        #expect(ProcessRecord.environment(["A=1", "B=2", "A=3"]) == ["A=3", "B=2", ProcessRecord.defaultPath])
        #expect(ProcessRecord.environment(["PATH=/x", "", "=y", "Z"]) == ["PATH=/x"])
    }

    @Test("an exit without a record is 137 and not known")
    func anUnknownExit() {
        let unknown = ContainerExit.unknown(nil, now: .now)
        #expect(unknown.exitCode == 137 && !unknown.isKnown)
    }
}
