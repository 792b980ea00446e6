import KubeModel
package import Logging
package import Timing

/// The source of static pods: follows the folder of manifests by its changes, and reads it as a whole now and then.
package actor StaticFolder {
    private enum Wake: Hashable, Sendable {
        case fullRead
        case removal
        case unsettled
    }

    private let folder: any ManifestFolder
    private let manifest: StaticManifest
    private let period: Duration
    private let time: any TimeSource
    private let logger: Logger
    private let wakes: WakeQueue<Wake>
    private var set = ManifestSet()
    private var published: [StaticPod]?
    private var isReading = false
    private var isWantedAgain = false
    private var failure: String?
    /// Of files that are being written. The kernel reports the end of writing a moment before it counts the writer out, so that the reading which
    /// follows the report may still find it.
    private var unsettled: BackOff
    /// All static pods of the node, whenever they change; a slow reader gets the newest. The first element comes when the folder was read once.
    /// One reader.
    package nonisolated let snapshots: AsyncStream<[StaticPod]>
    private let sink: AsyncStream<[StaticPod]>.Continuation

    /// - Parameter period: the time between readings of the whole folder (`fileCheckFrequency`). They find what gives no event: changes behind
    ///   symbolic links, and on network file systems.
    package init(_ folder: any ManifestFolder, nodeName: String, period: Duration, time: any TimeSource, logger: Logger) {
        self.folder = folder
        manifest = StaticManifest(nodeName: nodeName)
        self.period = period
        self.time = time
        self.logger = logger
        wakes = WakeQueue(time: time)
        unsettled = BackOff(initial: .milliseconds(100), maximum: period)
        (snapshots, sink) = AsyncStream.makeStream(of: [StaticPod].self, bufferingPolicy: .bufferingNewest(1))
    }

    /// The snapshots of a node without a folder of static pods: there are none.
    package static var none: AsyncStream<[StaticPod]> {
        AsyncStream { $0.yield([]) }
    }

    /// Runs until it is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.wakes.run { _ in await self.read() } }
            await read()
            await followChanges()
            group.cancelAll()
        }
    }

    private func followChanges() async {
        while !Task.isCancelled {
            do {
                try await folder.waitForChange()
            } catch is CancellationError {
                return
            } catch {
                logger.error("Changes of static pods' manifests are not reported", metadata: ["folder": "\(folder.path)", "error": "\(error)"])
                do { try await time.sleep(for: period) } catch { return }
            }
            await read()
        }
    }

    /// Reads once more if a reading is wanted while one is under way.
    private func read() async {
        isWantedAgain = true
        guard !isReading else { return }
        isReading = true
        while isWantedAgain, !Task.isCancelled {
            isWantedAgain = false
            await readOnce()
        }
        isReading = false
    }

    private func readOnce() async {
        let contents = set.contents
        let (path, seen) = (folder.path, time.wallTime())
        do {
            let readings = try await folder.read { [manifest] file in
                manifest.reading(file, path: "\(path)/\(file.name)", known: contents[file.name], seen: seen)
            }
            failure = nil
            report(set.receive(readings, at: time.now()))
            publish()
            if readings.contains(where: { $0.outcome == .beingWritten }) {
                wakes.set(.unsettled, at: time.now() + unsettled.next())
            } else {
                unsettled.reset()
            }
        } catch is CancellationError {
            return
        } catch {
            // The pods stay as they are.
            if failure != "\(error)" { logger.error("Static pods' manifests cannot be read", metadata: ["folder": "\(path)", "error": "\(error)"]) }
            failure = "\(error)"
        }
        wakes.set(.fullRead, at: time.now() + period)
        wakes.set(.removal, at: set.nextRemoval)
    }

    private func publish() {
        guard published != set.pods else { return }
        published = set.pods
        sink.yield(set.pods)
    }

    private func report(_ findings: [ManifestSet.Finding]) {
        for finding in findings {
            switch finding {
            case .bad(let file, let problem):
                logger.error(
                    "Manifest of a static pod cannot be used; the pod of its last good content stays",
                    metadata: ["file": "\(folder.path)/\(file)", "error": "\(problem)"])
            case .duplicate(let used, let unused, let pod):
                logger.error(
                    "Two manifests are for one static pod; move the unused file out of the folder",
                    metadata: ["pod": "\(pod)", "used": "\(folder.path)/\(used)", "unused": "\(folder.path)/\(unused)"])
            case .removed(let file):
                logger.info("Manifest of a static pod is gone", metadata: ["file": "\(folder.path)/\(file)"])
            }
        }
    }
}

extension StaticManifest {
    fileprivate func reading(_ file: ManifestFile, path: String, known: ManifestHash?, seen: Timestamp) -> ManifestReading {
        switch file.content {
        case .beingWritten: return ManifestReading(name: file.name, outcome: .beingWritten)
        case .unreadable(let problem): return ManifestReading(name: file.name, outcome: .unreadable(problem))
        case .bytes(let bytes):
            let content = ManifestHash(bytes)
            if content == known { return ManifestReading(name: file.name, outcome: .unchanged) }
            do throws(ManifestProblem) {
                return ManifestReading(name: file.name, outcome: .pod(try pod(bytes, path: path, seen: seen), content))
            } catch {
                return ManifestReading(name: file.name, outcome: .bad("\(error)", content))
            }
        }
    }
}
