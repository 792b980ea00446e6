package import CLinux
import LinuxSystem
package import PodCore

/// The files that a shim writes into the run directory, for an agent that cannot ask the shim any more.
package enum ContainerStateFile {
    /// `containers/<cid>/exit`: how the container ended. `nil` when there is no such file.
    package static func exit(at path: String) throws(RuntimeFailure) -> swl_exit? {
        guard let bytes = try content(path) else { return nil }
        let field = WireField(tag: 0, flags: 0, payload: bytes)
        guard let exit = field.layout(swl_exit.self), exit.magic == SWL_EXIT_MAGIC, exit.version == SWL_WIRE_VERSION else {
            throw damaged(path, "an exit record of version \(SWL_WIRE_VERSION)")
        }
        return exit
    }

    /// `containers/<cid>/state`: the identity of its process. `nil` when there is no such file.
    package static func container(at path: String) throws(RuntimeFailure) -> swl_container_state? {
        guard let bytes = try content(path) else { return nil }
        guard let (_, state) = parse(WireField(tag: 0, flags: 0, payload: bytes)), state.magic == SWL_STATE_MAGIC, state.version == SWL_WIRE_VERSION
        else { throw damaged(path, "a container's state of version \(SWL_WIRE_VERSION)") }
        return state
    }

    /// `state` of the sandbox: shim and pause process. `nil` when there is no such file.
    package static func sandbox(at path: String) throws(RuntimeFailure) -> swl_sandbox_state? {
        guard let bytes = try content(path) else { return nil }
        let field = WireField(tag: 0, flags: 0, payload: bytes)
        guard let state = field.layout(swl_sandbox_state.self), state.magic == SWL_STATE_MAGIC, state.version == SWL_WIRE_VERSION else {
            throw damaged(path, "a sandbox's state of version \(SWL_WIRE_VERSION)")
        }
        return state
    }

    /// A container's state with the id behind it.
    static func parse(_ field: WireField) -> (id: String, state: swl_container_state)? {
        guard let state = field.layout(swl_container_state.self, exact: false) else { return nil }
        let id = field.tail(after: swl_container_state.self)
        guard id.count == state.id_length else { return nil }
        return (String(decoding: id, as: UTF8.self), state)
    }

    private static func content(_ path: String) throws(RuntimeFailure) -> [UInt8]? {
        do throws(SystemError) {
            return try SmallFile.bytes(path, limit: 4096)
        } catch {
            if error.isNotFound { return nil }
            throw RuntimeFailure(.internal, "\(error)")
        }
    }

    private static func damaged(_ path: String, _ wanted: String) -> RuntimeFailure {
        RuntimeFailure(.internal, "\(path) is not \(wanted); it is left as it is")
    }
}
