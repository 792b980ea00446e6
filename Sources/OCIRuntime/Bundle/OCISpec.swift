import ShimClient

/// A bundle's `config.json`, by the OCI runtime specification 1.2: every field that concerns Linux, with the specification's names.
/// Fields of other systems and unknown ones are ignored, as the specification wants it.
struct OCISpec: Sendable, Decodable {
    var ociVersion: String
    var root: Root?
    var process: Process?
    var hostname: String?
    var domainname: String?
    var mounts: [Mount]?
    var hooks: Hooks?
    var annotations: [String: String]?
    var linux: Linux?

    struct Root: Sendable, Decodable {
        var path: String
        var readonly: Bool?
    }

    struct Process: Sendable, Codable {
        var terminal: Bool?
        var consoleSize: ConsoleSize?
        var user: User?
        var args: [String]?
        var env: [String]?
        var cwd: String
        var capabilities: Capabilities?
        var rlimits: [Rlimit]?
        var noNewPrivileges: Bool?
        var apparmorProfile: String?
        var oomScoreAdj: Int?
        var scheduler: Scheduler?
        var selinuxLabel: String?
        var ioPriority: IOPriority?
        var execCPUAffinity: CPUAffinity?
    }

    struct Scheduler: Sendable, Codable {
        var policy: String
        var nice: Int32?
        var priority: Int32?
        var flags: [String]?
        /// Nanoseconds, as the two below.
        var runtime: UInt64?
        var deadline: UInt64?
        var period: UInt64?
    }

    struct IOPriority: Sendable, Codable {
        var `class`: String
        var priority: Int
    }

    /// Lists of CPUs such as `0-3,7`, of a further program; not of the container's own.
    struct CPUAffinity: Sendable, Codable {
        var initial: String?
        var final: String?
    }

    struct ConsoleSize: Sendable, Codable {
        var height: UInt16
        var width: UInt16
    }

    struct User: Sendable, Codable {
        var uid: UInt32?
        var gid: UInt32?
        var umask: UInt32?
        var additionalGids: [UInt32]?
    }

    struct Capabilities: Sendable, Codable {
        var bounding: [String]?
        var effective: [String]?
        var inheritable: [String]?
        var permitted: [String]?
        var ambient: [String]?
    }

    struct Rlimit: Sendable, Codable {
        var type: String
        var soft: UInt64
        var hard: UInt64
    }

    struct Mount: Sendable, Decodable {
        var destination: String
        var type: String?
        var source: String?
        var options: [String]?
        var uidMappings: [IDMapping]?
        var gidMappings: [IDMapping]?
    }

    struct IDMapping: Sendable, Decodable {
        var containerID: UInt32
        var hostID: UInt32
        var size: UInt32
    }

    struct Hooks: Sendable, Decodable {
        var prestart: [Hook]?
        var createRuntime: [Hook]?
        var createContainer: [Hook]?
        var startContainer: [Hook]?
        var poststart: [Hook]?
        var poststop: [Hook]?
    }

    /// A program that reads the container's state. Kept with the container, since some hooks run when `config.json` does not count any more.
    struct Hook: Sendable, Hashable, Codable {
        var path: String
        var args: [String]?
        var env: [String]?
        /// Seconds.
        var timeout: Int?
    }

    /// A field of which only matters that it is there.
    struct Present: Sendable, Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
