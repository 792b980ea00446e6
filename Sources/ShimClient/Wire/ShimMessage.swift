package import CLinux
import Glibc
import KubeModel
package import LinuxSystem
package import PodCore

/// A reply or an event of the spawner or a shim, with its descriptors sorted by role.
package struct ShimMessage: Sendable {
    package let type: UInt32
    let sequence: UInt32
    private let fields: [WireField]
    private let descriptors: [(role: UInt32, descriptor: OwnedFileDescriptor)]

    package init(_ bytes: [UInt8], descriptors received: [OwnedFileDescriptor] = []) throws(RuntimeFailure) {
        let (header, fields) = try WireReader.message(bytes)
        for field in fields where field.flags & UInt16(SWL_FIELD_MUST_UNDERSTAND) != 0 && !Self.known.contains(field.tag) {
            throw RuntimeFailure(
                .internal,
                "the shim sent a field \(field.tag) that must be understood and is not; the shim is newer than this agent: update the agent")
        }
        type = UInt32(header.type)
        sequence = header.sequence
        self.fields = fields
        let roles = fields.first { $0.tag == SWL_TAG_FDS.rawValue }?.numbers ?? []
        guard roles.count == received.count else {
            throw RuntimeFailure(.internal, "the shim sent \(received.count) descriptors and named the roles of \(roles.count)")
        }
        descriptors = Array(zip(roles, received))
    }

    /// `nil` for a successful reply and for events.
    package var refusal: ShimStatus? {
        guard let field = first(SWL_TAG_STATUS) else { return nil }
        let text = first(SWL_TAG_STATUS_TEXT)?.string ?? ""
        guard let status = field.layout(swl_status.self) else {
            return ShimStatus(step: SWL_STEP_MESSAGE.rawValue, errno: EBADMSG, text: "the status of the reply has \(field.payload.count) bytes")
        }
        if status.step == 0, status.error == 0 { return nil }
        return ShimStatus(step: UInt32(status.step), errno: status.error, text: text)
    }

    package var containerID: String? { first(SWL_TAG_CONTAINER_ID)?.string }
    package var execID: String? { first(SWL_TAG_EXEC_ID)?.string }
    package var process: swl_process? { first(SWL_TAG_PROCESS)?.layout(swl_process.self) }
    /// `nil` also for zeros, which would read as a success.
    package var exit: swl_exit? { first(SWL_TAG_EXIT)?.layout(swl_exit.self).flatMap { $0.magic == SWL_EXIT_MAGIC ? $0 : nil } }
    package var sandboxState: swl_sandbox_state? { first(SWL_TAG_SANDBOX_STATE)?.layout(swl_sandbox_state.self) }

    /// Container states with their ids; what cannot be read is left out.
    package var containerStates: [(id: String, state: swl_container_state)] {
        fields.filter { $0.tag == SWL_TAG_CONTAINER_STATE.rawValue }.compactMap { ContainerStateFile.parse($0) }
    }

    /// The ids of the execs that run; what cannot be read is left out.
    package var runningExecs: Set<String> {
        Set(
            fields.filter { $0.tag == SWL_TAG_EXEC_STATE.rawValue }.compactMap { field in
                guard let state = field.layout(swl_exec_state.self, exact: false) else { return nil }
                return String(decoding: field.tail(after: swl_exec_state.self).prefix(Int(state.id_length)), as: UTF8.self)
            })
    }

    package var warnings: [ShimStatus] {
        fields.filter { $0.tag == SWL_TAG_WARNING.rawValue }.compactMap { field in
            guard let status = field.layout(swl_status.self, exact: false) else { return nil }
            let text = String(decoding: field.tail(after: swl_status.self), as: UTF8.self)
            return ShimStatus(step: UInt32(status.step), errno: status.error, text: text)
        }
    }

    /// The descriptors of a role, in order.
    package func descriptors(_ role: swl_fd) -> [OwnedFileDescriptor] {
        descriptors.filter { $0.role == role.rawValue }.map(\.descriptor)
    }

    private func first(_ tag: swl_tag) -> WireField? { fields.first { $0.tag == tag.rawValue } }

    private static let known: Set<UInt16> = Set(
        [
            SWL_TAG_STATUS, SWL_TAG_STATUS_TEXT, SWL_TAG_FDS, SWL_TAG_SANDBOX_ID, SWL_TAG_CONTAINER_ID, SWL_TAG_EXEC_ID, SWL_TAG_PROCESS,
            SWL_TAG_EXIT, SWL_TAG_WARNING, SWL_TAG_SANDBOX_STATE, SWL_TAG_CONTAINER_STATE, SWL_TAG_EXEC_STATE, SWL_TAG_SHIM_INFO,
        ].map { UInt16($0.rawValue) })
}
