import CLinux
import Glibc
import PodCore
import TestSupport
import Testing

@testable import ShimClient

@Suite struct WireTests {
    @Test("every written field is read back") func whatIsWrittenIsRead() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
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

    @Test("layouts keep the strings behind them") func layoutsKeepTheirStrings() throws {
        var writer = WireWriter(kind: SWL_KIND_LAUNCH)
        writer.layout(SWL_TAG_SYSCTL, swl_sysctl(key_length: 3, value_length: 2), followedBy: ["key", "va"])
        writer.numbers(SWL_TAG_PROCESS_ADDITIONAL_GIDS, [7, 8, 9])
        let (header, fields) = try WireReader.record(writer.finished())
        #expect(header.kind == UInt16(SWL_KIND_LAUNCH.rawValue))
        #expect(fields[0].layout(swl_sysctl.self, exact: false)?.key_length == 3)
        #expect(String(decoding: fields[0].tail(after: swl_sysctl.self), as: UTF8.self) == "keyva")
        #expect(fields[1].numbers == [7, 8, 9])
    }

    /// Zeros would read as a success that never happened.
    @Test("an exit without its magic number is none") func anExitWithoutItsMarkIsNone() throws {
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
    }

    @Test("a request that an earlier shim lacks says so") func whatAnEarlierShimCannotIsSaid() {
        let verb = ShimStatus(step: SWL_STEP_MESSAGE.rawValue, errno: ENOTSUP, text: "a sandbox knows no verb 27")
        #expect(verb.failure(.internal, "attach").code == .notSupported)
        #expect(verb.failure(.internal, "attach").message.contains("delete the pod"))
        // The kernel says ENOTSUP as well, and means itself.
        let mount = ShimStatus(step: SWL_STEP_MOUNT.rawValue, errno: ENOTSUP, text: "mount /x")
        #expect(mount.failure(.create, "start") == RuntimeFailure(.create, "mount: mount /x"))
    }

    @Test("damaged messages are errors and nothing else") func damagedMessagesAreErrorsAndNothingElse() throws {
        var writer = WireWriter(type: UInt16(SWL_VERB_QUERY.rawValue) | UInt16(SWL_REPLY.rawValue), sequence: 5)
        writer.layout(SWL_TAG_STATUS, swl_status(step: 0, reserved: 0, error: 0))
        writer.layout(SWL_TAG_SANDBOX_STATE, swl_sandbox_state())
        writer.layout(SWL_TAG_CONTAINER_STATE, swl_container_state(), followedBy: ["abc"])
        writer.string(SWL_TAG_STATUS_TEXT, "text")
        let good = writer.finished()
        var refused = 0
        for seed in 0..<4000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
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

    @Test("descriptors without roles are refused") func descriptorsWithoutRolesAreRefused() throws {
        var writer = WireWriter(type: 0x4001, sequence: 1)
        writer.numbers(SWL_TAG_FDS, [SWL_FD_PIDFD.rawValue])
        #expect(throws: RuntimeFailure.self) { try ShimMessage(writer.finished()) }
    }

    @Test("an unknown field that must be understood stops the reader") func aFieldThatMustBeUnderstoodStopsTheReader() throws {
        var writer = WireWriter(type: 0x4001, sequence: 1)
        writer.bytes(SWL_TAG_PROCESS_ARGS, [1], mustUnderstand: true)
        #expect(throws: RuntimeFailure.self) { try ShimMessage(writer.finished()) }
    }
}
