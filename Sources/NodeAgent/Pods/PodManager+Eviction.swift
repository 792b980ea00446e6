package import KubeModel
import Logging
package import PodCore
import Timing

extension PodManager: EvictablePods {
    package func podsWithPlaces() async -> [Pod] { activePods.snapshot.pods }

    package func place(of uid: String) async -> PodPlace? {
        guard let machine = await workers[uid]?.state else { return nil }
        let ids = machine.containers.compactMap { record in (record.running?.id ?? record.ended?.id).map { (record.name, $0) } }
        return PodPlace(sandboxID: machine.knownSandboxes.last, containers: Dictionary(ids.filter { !$0.1.isEmpty }) { $1 })
    }

    package func evict(_ uid: String, _ eviction: PodEviction) async -> Bool {
        guard let worker = workers[uid] else { return false }
        if await !worker.state.isOver {
            // Remembered first: once a container has ended, the next agent would start it again. A static pod begins anew with the machine, and keeps
            // its uid.
            if await !worker.state.pod.isStatic { await remember(eviction, podUID: uid) }
            await worker.handle(.evicted(eviction))
        }
        return true
    }

    package func awaitEnd(of uids: Set<String>, until deadline: Duration) async -> Bool {
        let (id, ends) = endWatch.begin(uids)
        defer { endWatch.end(id) }
        var left = uids
        for uid in uids where await workers[uid]?.state.holdsNothing ?? true { left.remove(uid) }
        guard !left.isEmpty else { return true }
        return await withTaskGroup(of: Bool.self) { [left, time] group in
            group.addTask {
                var left = left
                for await uid in ends {
                    left.remove(uid)
                    if left.isEmpty { return true }
                }
                return false
            }
            group.addTask {
                try? await time.sleep(until: deadline)
                return false
            }
            let isOver = await group.next() ?? false
            group.cancelAll()
            return isOver
        }
    }
}

extension PodManager: NodeReclaim {
    /// Removes superseded containers, and all containers of pods whose end the API server knows: their statuses do not come from the runtime's
    /// records any more.
    package func removeDeadContainers() async {
        for worker in workers.values {
            let machine = await worker.state
            let isKnownToBeOver = machine.holdsNothing && machine.pod.status?.phase?.isTerminal == true
            let dead = machine.containers.flatMap { [$0.last?.id, isKnownToBeOver ? $0.ended?.id : nil] }.compactMap { $0 }
            for id in dead {
                guard let sandboxID = runner.files[id]?.sandboxID else { continue }
                do throws(RuntimeFailure) {
                    try await runner.ports.runtime.removeContainer(id, inSandbox: sandboxID)
                } catch {
                    guard error.code != .notFound else { continue }
                    logger.warning("A dead container could not be removed", metadata: ["container": "\(id)", "error": "\(error)"])
                }
            }
        }
    }
}
