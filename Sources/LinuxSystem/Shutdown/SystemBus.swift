import CSystemBus
import Synchronization

/// A connection to the system bus (D-Bus). Calls wait for an answer of the other side and so belong on a thread that may block.
final class SystemBus: Sendable {
    /// An object on the bus with one of its interfaces.
    struct Object: Sendable {
        let service: String
        let path: String
        let interface: String
    }

    /// Used by one thread at a time.
    private let lock = Mutex(())
    nonisolated(unsafe) private let bus: OpaquePointer

    /// Connects. Throws with ENOSYS on a machine without libsystemd. Blocking.
    init() throws(SystemError) {
        var bus: OpaquePointer?
        try systemCall("sd_bus_open_system") { swl_bus_open_system(&bus) }
        guard let bus else { throw SystemError(code: .closed, call: "sd_bus_open_system") }
        self.bus = bus
    }

    deinit { swl_bus_close(bus) }

    /// Readable when messages wait; good for as long as the connection.
    func descriptor() throws(SystemError) -> OwnedFileDescriptor {
        let borrowed = try call("sd_bus_get_fd") { swl_bus_descriptor(bus) }
        let owned = OwnedFileDescriptor(borrowed)
        defer { _ = owned.release() }
        return try owned.duplicate()
    }

    func subscribe(_ object: Object, _ signal: String) throws(SystemError) {
        try call("AddMatch", signal) { swl_bus_subscribe(bus, object.path, object.interface, signal) }
    }

    /// Returns the argument of the next signal of this name that has arrived already; `nil` when none has. Does not block.
    func nextBoolean(_ object: Object, _ signal: String) throws(SystemError) -> Bool? {
        while true {
            var value = false
            switch try call("sd_bus_process", nil, { swl_bus_next_boolean(bus, object.interface, signal, &value) }) {
            case 0: return nil
            case 2: return value
            default: continue
            }
        }
    }

    func number(_ object: Object, _ property: String) throws(SystemError) -> UInt64 {
        var value: UInt64 = 0
        try call("Get", property) { swl_bus_get_uint64(bus, object.service, object.path, object.interface, property, &value) }
        return value
    }

    /// Calls a method with four strings that answers with a descriptor.
    func descriptor(_ object: Object, _ method: String, _ arguments: (String, String, String, String)) throws(SystemError) -> OwnedFileDescriptor {
        let number = try call(method) {
            arguments.0.withCString { first in
                arguments.1.withCString { second in
                    arguments.2.withCString { third in
                        arguments.3.withCString { fourth in
                            withUnsafePointer(to: (Optional(first), Optional(second), Optional(third), Optional(fourth))) { list in
                                list.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: 4) {
                                    swl_bus_call_for_descriptor(bus, object.service, object.path, object.interface, method, $0)
                                }
                            }
                        }
                    }
                }
            }
        }
        return OwnedFileDescriptor(number)
    }

    /// Sends a signal to the processes of a systemd unit.
    func kill(unit: String, signal: Int32) throws(SystemError) {
        try call("KillUnit", unit) { swl_bus_kill_unit(bus, unit, signal) }
    }

    @discardableResult
    private func call(_ name: String, _ object: String? = nil, _ body: () -> Int32) throws(SystemError) -> Int32 {
        try lock.withLock { _ throws(SystemError) in
            do throws(SystemError) {
                return try systemCall(name, object, body)
            } catch {
                let refusal = String(cString: swl_bus_error())
                throw refusal.isEmpty ? error : SystemError(code: error.code, call: name, path: object, errno: error.errno, detail: refusal)
            }
        }
    }
}
