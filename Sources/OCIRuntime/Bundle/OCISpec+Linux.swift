import ShimClient

extension OCISpec {
    struct Linux: Sendable, Decodable {
        var namespaces: [Namespace]?
        var uidMappings: [IDMapping]?
        var gidMappings: [IDMapping]?
        var timeOffsets: [String: TimeOffset]?
        var devices: [Device]?
        var netDevices: [String: Present]?
        var cgroupsPath: String?
        var resources: Resources?
        var rootfsPropagation: String?
        var seccomp: Seccomp?
        var sysctl: [String: String]?
        var maskedPaths: [String]?
        var readonlyPaths: [String]?
        var mountLabel: String?
        var intelRdt: Present?
        var memoryPolicy: Present?
        var personality: Personality?
    }

    struct Personality: Sendable, Decodable {
        var domain: String
        var flags: [String]?
    }

    struct TimeOffset: Sendable, Decodable {
        var secs: Int64?
        var nanosecs: UInt32?
    }

    struct Namespace: Sendable, Decodable {
        var type: String
        var path: String?
    }

    struct Device: Sendable, Decodable {
        var type: String
        var path: String
        var major: Int64?
        var minor: Int64?
        var fileMode: UInt32?
        var uid: UInt32?
        var gid: UInt32?
    }

    struct Resources: Sendable, Decodable {
        var devices: [DeviceRule]?
        var memory: Memory?
        var cpu: CPU?
        var pids: Pids?
        var blockIO: BlockIO?
        var hugepageLimits: [HugepageLimit]?
        var network: Present?
        var rdma: [String: RDMA]?
        var unified: [String: String]?
    }

    struct DeviceRule: Sendable, Decodable {
        var allow: Bool
        var type: String?
        var major: Int64?
        var minor: Int64?
        var access: String?
    }

    struct Memory: Sendable, Decodable {
        var limit: Int64?
        var reservation: Int64?
        var swap: Int64?
        var kernel: Int64?
        var kernelTCP: Int64?
        var swappiness: UInt64?
        var disableOOMKiller: Bool?
        var useHierarchy: Bool?
        var checkBeforeUpdate: Bool?
    }

    struct CPU: Sendable, Decodable {
        var shares: UInt64?
        var quota: Int64?
        var burst: UInt64?
        var period: UInt64?
        var realtimeRuntime: Int64?
        var realtimePeriod: UInt64?
        var cpus: String?
        var mems: String?
        var idle: Int64?
    }

    struct Pids: Sendable, Decodable {
        var limit: Int64?
    }

    struct BlockIO: Sendable, Decodable {
        var weight: UInt16?
        var leafWeight: UInt16?
        var weightDevice: [Present]?
        var throttleReadBpsDevice: [Throttle]?
        var throttleWriteBpsDevice: [Throttle]?
        var throttleReadIOPSDevice: [Throttle]?
        var throttleWriteIOPSDevice: [Throttle]?
    }

    struct Throttle: Sendable, Decodable {
        var major: Int64
        var minor: Int64
        var rate: UInt64
    }

    struct HugepageLimit: Sendable, Decodable {
        var pageSize: String
        var limit: UInt64
    }

    struct RDMA: Sendable, Decodable {
        var hcaHandles: UInt32?
        var hcaObjects: UInt32?
    }

    struct Seccomp: Sendable, Decodable {
        var defaultAction: String
        var defaultErrnoRet: UInt64?
        var architectures: [String]?
        var flags: [String]?
        var listenerPath: String?
        var listenerMetadata: String?
        var syscalls: [Syscall]?
    }

    struct Syscall: Sendable, Decodable {
        var names: [String]
        var action: String
        var errnoRet: UInt64?
        var args: [Argument]?
    }

    struct Argument: Sendable, Decodable {
        var index: UInt32
        var value: UInt64
        var valueTwo: UInt64?
        var op: String
    }
}
