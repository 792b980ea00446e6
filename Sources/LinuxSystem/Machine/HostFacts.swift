import Glibc

/// Facts about this machine from the kernel and the distribution. Small reads of memory-backed files.
package enum HostFacts {
    /// A new random ID with every boot, dashes included.
    package static func bootID() throws(SystemError) -> String { try SmallFile.line("/proc/sys/kernel/random/boot_id") }

    /// Seconds since boot.
    package static func uptime() throws(SystemError) -> Double {
        let path = "/proc/uptime"
        let line = try SmallFile.line(path)
        guard let first = line.split(separator: " ").first, let seconds = Double(first) else {
            throw SystemError(code: .malformed, call: "read", path: path, detail: "wanted seconds, found: \(line)")
        }
        return seconds
    }

    /// /etc/machine-id, or D-Bus' copy where systemd is missing. Empty when the machine has none.
    package static func machineID() -> String {
        for path in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
            if let line = try? SmallFile.line(path), !line.isEmpty { return line }
        }
        return ""
    }

    /// The board's UUID from the firmware; the machine ID where there is no firmware table.
    package static func systemUUID() -> String {
        if let line = try? SmallFile.line("/sys/class/dmi/id/product_uuid"), !line.isEmpty { return line }
        return machineID()
    }

    /// PRETTY_NAME of os-release, e.g. `Debian GNU/Linux 12 (bookworm)`; `Linux` without that file.
    package static func osPrettyName() -> String {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            guard let text = try? SmallFile.text(path) else { continue }
            if let name = value("PRETTY_NAME", inRelease: text) { return name }
        }
        return "Linux"
    }

    /// A value of an os-release file, quotes removed.
    package static func value(_ key: String, inRelease text: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix(key + "=") {
            var value = line.dropFirst(key.utf8.count + 1)
            if let quote = value.first, quote == "\"" || quote == "'", value.count > 1, value.last == quote {
                value = value.dropFirst().dropLast()
            }
            return value.isEmpty ? nil : String(value)
        }
        return nil
    }

    /// Processors that are switched on now.
    package static func onlineProcessors() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Process ids that can be in use at one time: as far as the kernel counts, and as many tasks as it allows.
    package static func processIDs() throws(SystemError) -> Int64 {
        var least = Int64.max
        for path in ["/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"] {
            let line = try SmallFile.line(path)
            guard let number = Int64(line) else {
                throw SystemError(code: .malformed, call: "read", path: path, detail: "wanted a number, found: \(line)")
            }
            least = min(least, number)
        }
        return least
    }

    /// Processes and threads that exist now.
    package static func runningTasks(from path: String = "/proc/loadavg") throws(SystemError) -> Int64 {
        let line = try SmallFile.line(path)
        // `0.20 0.18 0.12 1/80 11206`: runnable tasks and all tasks.
        let fields = line.split(separator: " ")
        guard fields.count > 3, let count = fields[3].split(separator: "/").last.flatMap({ Int64($0) }), fields[3].contains("/") else {
            throw SystemError(code: .malformed, call: "read", path: path, detail: "wanted runnable/all tasks as the fourth field, found: \(line)")
        }
        return count
    }

    package static func names() throws(SystemError) -> KernelNames { try KernelNames() }

    /// Kernel memory figures.
    package static func memory() throws(SystemError) -> MemoryFacts { try MemoryFacts() }

    /// Devices and files that the kernel swaps to, as it names them; none where it cannot swap.
    package static func swapAreas(in table: String = "/proc/swaps") throws(SystemError) -> [String] {
        do throws(SystemError) {
            // Below a heading; the name comes first, with blanks in it escaped.
            return try SmallFile.text(table).split(separator: "\n").dropFirst().compactMap { line in
                line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.map(String.init)
            }
        } catch {
            guard error.isNotFound else { throw error }
            return []
        }
    }
}
