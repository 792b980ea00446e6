import KubeModel
package import Logging
package import PodCore
package import Timing

/// The node's measured figures: measures on demand, at most once a second, and one measurement at a time.
///
/// Walks through pods' folders and questions to file servers take long. They are made in the background, when a client has asked for their figures: for a
/// new pod at once, else once a minute, and a tenth of the time at most. Until then these figures are absent.
package actor NodeStatistics: NodeStatisticsSource {
    package struct Parts: Sendable {
        let meter: any NodeMeter
        let room: any NodePressureSource
        let pods: any StoredPods
        let disk: DiskUseRecord
        let volumes: any VolumeMeter
        let images: any ImageInventory

        package init(
            meter: any NodeMeter, room: any NodePressureSource, pods: any StoredPods, disk: DiskUseRecord, volumes: any VolumeMeter,
            images: any ImageInventory
        ) {
            self.meter = meter
            self.room = room
            self.pods = pods
            self.disk = disk
            self.volumes = volumes
            self.images = images
        }
    }

    /// How long callers share a measurement.
    private static let shared = Duration.seconds(1)
    /// Between two rounds through the pods' storage, as kubelet has it.
    private static let roundPeriod = Duration.seconds(60)

    private let parts: Parts
    private let time: any TimeSource
    private let logger: Logger
    private var memory = CgroupMemory()
    private var last: (measurement: NodeMeasurement, at: Duration)?
    private var reported: [String] = []
    private var isMeasuring = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private let (rounds, roundIsWanted) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var walks = WalkPause()
    private var nextRound: Duration?
    private var mounted: (figures: [String: [String: VolumeStatistics]], at: Timestamp)?

    package init(_ parts: Parts, time: any TimeSource, logger: Logger) {
        self.parts = parts
        self.time = time
        self.logger = logger
    }

    package func measurement(_ extent: MeasurementExtent) async throws(RuntimeFailure) -> NodeMeasurement {
        let storage = extent != .computing
        if extent == .everything { roundIsWanted.yield() }
        while true {
            if let last, time.now() - last.at < Self.shared, !storage || last.measurement.storage != nil { return last.measurement }
            if !isMeasuring { break }
            await withCheckedContinuation { waiting.append($0) }
        }
        isMeasuring = true
        defer {
            isMeasuring = false
            for caller in waiting { caller.resume() }
            waiting = []
        }
        var measurement = try await parts.meter.measure()
        memory.complete(&measurement)
        if storage { await addStorage(to: &measurement) }
        note(measurement.problems)
        last = (measurement, time.now())
        return measurement
    }

    private func addStorage(to measurement: inout NodeMeasurement) async {
        let measuredAt = time.wallTime()
        let room = await parts.room.observe()
        let walked = parts.disk.last
        var storage = NodeMeasurement.Storage(measuredAt: measuredAt, room: room)
        storage.images = UInt64(clamping: await imageBytes())
        let layers = walked.values.flatMap(\.use.layers.values)
        storage.layers = layers.isEmpty ? nil : layers.reduce(DiskUse(), +)
        measurement.storage = storage
        measurement.problems += room.problems
        let stored = Dictionary(await parts.pods.storedPods().map { ($0.identity.uid, $0) }) { $1 }
        for index in measurement.pods.indices {
            let uid = measurement.pods[index].identity.uid
            let disk = walked[uid]
            measurement.pods[index].disk = disk
            guard let pod = stored[uid] else { continue }
            measurement.pods[index].volumes = pod.volumes(
                mounted: mounted?.figures[uid] ?? [:], at: mounted?.at, disk: disk, room: room.nodeFileSystem)
        }
    }

    /// Once for as long as the problems are the same.
    private func note(_ problems: [String]) {
        guard problems != reported else { return }
        reported = problems
        guard !problems.isEmpty else { return }
        logger.warning("Parts of the node cannot be measured", metadata: ["problems": "\(problems.joined(separator: "; "))"])
    }

    /// Layers that images share only in part count for each of them.
    private func imageBytes() async -> Int64 {
        var stacks: Set<[String]> = []
        return await parts.images.storedImages().reduce(0) { sum, image in
            stacks.insert(image.image.lowerDirectories).inserted ? sum &+ image.unpackedBytes : sum
        }
    }

    // MARK: In the background

    /// Measures storage when it is wanted, until it is cancelled.
    package func run() async {
        for await _ in rounds {
            let now = time.now()
            guard walks.allowsWalk(at: now) else { continue }
            let isDue = now >= nextRound ?? .zero
            if isDue { nextRound = now + Self.roundPeriod }
            await measureStorage(ofAll: isDue)
            walks.walked(from: now, to: time.now())
        }
    }

    /// - Parameter ofAll: else only for the sake of pods that have no figures yet.
    private func measureStorage(ofAll: Bool) async {
        let pods = await parts.pods.storedPods()
        parts.disk.keep(Set(pods.map(\.identity.uid)))
        let known = parts.disk.last
        let wanted = ofAll ? pods : pods.filter { known[$0.identity.uid] == nil }
        guard !wanted.isEmpty else { return }
        do throws(VolumeFailure) {
            mounted = (try await parts.volumes.statisticsOfVolumes(), time.wallTime())
        } catch {
            logger.warning("The space of volumes cannot be measured", metadata: ["error": "\(error)"])
        }
        for pod in wanted {
            if Task.isCancelled { return }
            do throws(VolumeFailure) {
                _ = try await parts.disk.diskUse(
                    of: PodStorage(pod: pod.identity, containers: pod.containers, volumes: pod.spec.diskVolumeNames))
            } catch {
                logger.warning(
                    "Local storage of a pod cannot be measured", metadata: ["pod": "\(pod.identity)", "error": "\(error)"])
            }
        }
    }
}
