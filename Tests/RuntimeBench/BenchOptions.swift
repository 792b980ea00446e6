/// The options of the command line.
struct BenchOptions {
    enum Part: String, CaseIterable {
        case container, pod, exec, memory, churn, leaks, log, stream
    }

    /// Directory with `swiftlet-shim` and `swiftlet-pause`.
    var programs = "build/bin"
    /// On a tmpfs, as /run is: sockets, records, and the log that is written.
    var runDirectory = "/dev/shm"
    /// On a disk: image and writable layers.
    var stateDirectory = "/var/tmp"
    /// A cgroup v2 directory in which the bench makes one of its own.
    var cgroupRoot = "/sys/fs/cgroup"
    var crun = "/usr/bin/crun"
    var busybox = "/bin/busybox"
    /// Measurements of each row, taken in turn with those of the peer.
    var runs = 50
    /// Pods of the row that counts pods per second, and how many are under way at the same time.
    var pods = 200
    var parallel = 4
    /// Pods that must leave nothing.
    var leakPods = 2000
    /// Bytes of log lines.
    var logBytes = 512 << 20
    /// Bytes of an exec's output.
    var streamBytes = 2 << 30
    var parts = Set(Part.allCases)

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// `--name value` pairs.
    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Problem(description: "\(name) wants a value") }
            switch name {
            case "--programs": programs = value
            case "--run-dir": runDirectory = value
            case "--state-dir": stateDirectory = value
            case "--cgroup-root": cgroupRoot = value
            case "--crun": crun = value
            case "--busybox": busybox = value
            case "--runs": runs = try Self.count(name, value)
            case "--pods": pods = try Self.count(name, value)
            case "--parallel": parallel = try Self.count(name, value)
            case "--leak-pods": leakPods = try Self.count(name, value)
            case "--log-bytes": logBytes = try Self.count(name, value)
            case "--stream-bytes": streamBytes = try Self.count(name, value)
            case "--only":
                parts = []
                for word in value.split(separator: ",") {
                    guard let part = Part(rawValue: String(word)) else {
                        throw Problem(description: "--only knows no \(word): wanted some of \(Part.allCases.map(\.rawValue).joined(separator: ","))")
                    }
                    parts.insert(part)
                }
            default:
                throw Problem(description: "unknown option \(name)")
            }
        }
    }

    private static func count(_ name: String, _ value: String) throws -> Int {
        guard let number = Int(value), number > 0 else { throw Problem(description: "\(name) wants a number above 0, found \(value)") }
        return number
    }
}
