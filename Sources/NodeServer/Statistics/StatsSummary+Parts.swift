import KubeModel
import PodCore

/// The parts of a summary that occur in several places.
extension StatsSummary {
    static func time(_ time: Timestamp) -> JSONValue { .string(time.rfc3339()) }

    static func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }

    static func swap(_ stats: ResourceStats) -> JSONValue? {
        stats.memory.swap.map { ["time": time(stats.measuredAt), "swapUsageBytes": number($0)] }
    }

    static func pressure(_ pressure: ResourceStats.Pressure) -> JSONValue {
        var object: JSONValue = [:]
        object["full"] = pressure.full.map(line)
        object["some"] = pressure.some.map(line)
        return object
    }

    private static func line(_ line: ResourceStats.Pressure.Line) -> JSONValue {
        // Kubernetes counts in nanoseconds where the kernel counts in microseconds.
        [
            "total": number(line.total &* 1000), "avg10": .double(line.average10), "avg60": .double(line.average60),
            "avg300": .double(line.average300),
        ]
    }

    /// - Parameters:
    ///   - bytes: in use by the subject; absent until that is known.
    ///   - inodes: likewise.
    static func fileSystem(_ room: NodeRoom.FileSystem, bytes: Int64?, inodes: Int64?, at time: Timestamp) -> JSONValue {
        var object: JSONValue = [
            "time": Self.time(time), "availableBytes": .integer(room.bytes.available), "capacityBytes": .integer(room.bytes.capacity),
        ]
        object["usedBytes"] = bytes.map(JSONValue.integer)
        object["inodes"] = (room.inodes?.capacity).map(JSONValue.integer)
        object["inodesFree"] = (room.inodes?.available).map(JSONValue.integer)
        object["inodesUsed"] = inodes.map(JSONValue.integer)
        return object
    }

    static func volume(_ volume: PodMeasurement.VolumeFigures, namespace: String) -> JSONValue {
        let figures = volume.statistics
        var object: JSONValue = [
            "name": .string(volume.name), "time": time(volume.measuredAt), "availableBytes": number(figures.availableBytes),
            "capacityBytes": number(figures.capacityBytes), "usedBytes": number(figures.usedBytes), "inodes": number(figures.inodes),
            "inodesFree": number(figures.inodesFree), "inodesUsed": number(figures.inodesUsed),
        ]
        object["pvcRef"] = volume.claim.map { ["name": .string($0), "namespace": .string(namespace)] }
        return object
    }

    /// - Parameter name: of the interface that stands for all; its figures are repeated at the top where it is there.
    func network(_ interfaces: [InterfaceCounters], named name: String?, at time: Timestamp) -> JSONValue {
        var object: JSONValue = ["time": Self.time(time), "interfaces": .array(interfaces.map(Self.interface))]
        if let chosen = interfaces.first(where: { $0.name == name }) {
            for (key, value) in Self.interface(chosen).object ?? [:] { object[key] = value }
        } else {
            object["name"] = ""
        }
        return object
    }

    private static func interface(_ counters: InterfaceCounters) -> JSONValue {
        [
            "name": .string(counters.name), "rxBytes": number(counters.received.bytes), "rxErrors": number(counters.received.errors),
            "txBytes": number(counters.sent.bytes), "txErrors": number(counters.sent.errors),
        ]
    }
}

extension NodeRoom.FileSystem {
    var inodesInUse: Int64? { inodes.map { max(0, $0.capacity - $0.available) } }
}
