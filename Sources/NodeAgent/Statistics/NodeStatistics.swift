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

    /// How long callers share a measurement, or the reason why there is none.
    private static let shared = Duration.seconds(1)
    /// Between two rounds through the pods' storage, as kubelet has it.
    private static let roundPeriod = Duration.seconds(60)

    /// While a volume of a claim has no figures, because it was mounted since, or does not answer.
    private static let newVolumePeriod = Duration.seconds(10)

    private let parts: Parts
    private let time: any TimeSource
    private let logger: Logger
    private var memory = CgroupMemory()
    private var last: (result: Result<NodeMeasurement, RuntimeFailure>, at: Duration)?
    private var reported: [String] = []
    private var isMeasuring = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    private let (rounds, roundIsWanted) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var walks = WalkPause()
    private var nextRound: Duration?
    private var wantsFolders = false
    private var volumesAt: Duration?
    private var mounted: (figures: [String: [String: VolumeStatistics]], at: Timestamp)?

    package init(_ parts: Parts, time: any TimeSource, logger: Logger) {
        self.parts = parts
        self.time = time
        self.logger = logger
    }

    package func measurement(_ extent: MeasurementExtent) async throws(RuntimeFailure) -> NodeMeasurement {
        let storage = extent != .computing
        if extent == .everything {
            wantsFolders = true
            roundIsWanted.yield()
        }
        while true {
            if let last, time.now() - last.at < Self.shared {
                let measurement = try last.result.get()
                if !storage || measurement.storage != nil { return measurement }
            }
            if !isMeasuring { break }
            await withCheckedContinuation { waiting.append($0) }
        }
        isMeasuring = true
        defer {
            isMeasuring = false
            for caller in waiting { caller.resume() }
            waiting = []
        }
        let result = await measure(storage: storage)
        last = (result, time.now())
        return try result.get()
    }

    private func measure(storage: Bool) async -> Result<NodeMeasurement, RuntimeFailure> {
        do throws(RuntimeFailure) {
            var measurement = try await parts.meter.measure()
            memory.complete(&measurement)
            if storage { await addStorage(to: &measurement) }
            note(measurement.problems)
            return .success(measurement)
        } catch {
            return .failure(error)
        }
    }

    /// The figures of the volumes of claims as they were last measured, each claim once. Lets them be measured again when that is due.
    package func claims() async -> [ClaimFigures] {
        var figures: [ClaimFigures] = []
        var shown: Set<ObjectKey> = []
        for pod in await parts.pods.storedPods().sorted(by: { $0.identity.uid < $1.identity.uid }) {
            for volume in claims(of: pod) {
                guard let claim = volume.claim, shown.insert(ObjectKey(namespace: pod.identity.namespace, name: claim)).inserted else { continue }
                figures.append(ClaimFigures(namespace: pod.identity.namespace, claim: claim, statistics: volume.statistics))
            }
        }
        roundIsWanted.yield()
        return figures
    }

    private func claims(of pod: StoredPod) -> [PodMeasurement.VolumeFigures] {
        pod.volumes(mounted: mounted?.figures[pod.identity.uid] ?? [:], at: mounted?.at, disk: nil, room: nil).filter { $0.claim != nil }
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
            guard wantsFolders else {
                await measureClaims()
                continue
            }
            wantsFolders = false
            guard walks.allowsWalk(at: now) else { continue }
            let isDue = now >= nextRound ?? .zero
            if isDue { nextRound = now + Self.roundPeriod }
            await measureStorage(ofAll: isDue)
            walks.walked(from: now, to: time.now())
        }
    }

    /// Without a walk through folders, which the volumes of claims do not need.
    private func measureClaims() async {
        let pods = await parts.pods.storedPods()
        let wanted = pods.reduce(0) { count, pod in
            count + (pod.spec.volumes ?? []).count { $0.claimName(podName: pod.identity.name) != nil }
        }
        guard wanted > 0 else { return }
        let known = pods.reduce(0) { $0 + claims(of: $1).count }
        let period = known < wanted ? Self.newVolumePeriod : Self.roundPeriod
        if let volumesAt, time.now() - volumesAt < period { return }
        await measureVolumes()
    }

    private func measureVolumes() async {
        volumesAt = time.now()
        do throws(VolumeFailure) {
            mounted = (try await parts.volumes.statisticsOfVolumes(), time.wallTime())
        } catch {
            logger.warning("The space of volumes cannot be measured", metadata: ["error": "\(error)"])
        }
    }

    /// - Parameter ofAll: else only for the sake of pods that have no figures yet.
    private func measureStorage(ofAll: Bool) async {
        let pods = await parts.pods.storedPods()
        parts.disk.keep(Set(pods.map(\.identity.uid)))
        let known = parts.disk.last
        let wanted = ofAll ? pods : pods.filter { known[$0.identity.uid] == nil }
        guard !wanted.isEmpty else { return }
        await measureVolumes()
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
