import KubeModel
import Logging
import MetricsStore
import PodCore
import Timing

extension PodManager {
    /// Gives places to the pods that ask for one, as far as that can be decided now. Called again after every event that may change the answer.
    func admitPods() async {
        await admitPreemptors()
        // A batch that is being taken over may hold pods that already run. Its end leads here again.
        guard !queue.isEmpty, !isTakingOver else { return }
        guard var node = nodes.ownNode else { return await admitStaticPods() }
        var others = occupants()
        for uid in queue.undecided {
            guard let pod = queue[uid]?.pod else { continue }
            var verdict = runner.admission().verdict(on: pod, node, others: others)
            if case .refused(_, isByLabels: true) = verdict, let fresh = await nodes.readOwnNode() {
                node = fresh
                verdict = runner.admission().verdict(on: pod, node, others: others)
            }
            // It may have been deleted while the node was read.
            guard queue[uid] != nil else { continue }
            switch verdict {
            case .admitted:
                others.add(pod)
                await admit(uid)
            case .refused(let refusal, _): await admit(uid, refusal)
            case .preempts(let victims, let resource):
                for victim in victims { others.remove(victim.uid) }
                others.add(pod)
                runner.metrics.count(.preemptions, resource, by: victims.count)
                await preempt(victims, for: pod)
            }
        }
    }

    /// Static pods run without the API server, and so without the node's object.
    private func admitStaticPods() async {
        for uid in queue.undecided where queue[uid]?.pod.isStatic == true { await admit(uid) }
    }

    /// Hands a pod over to a worker of its own.
    private func admit(_ uid: String, _ refusal: PodRefusal? = nil) async {
        guard let entry = queue.remove(uid) else { return }
        var machine = entry.machine
        // Before the worker takes it: a resize that is reviewed meanwhile finds the place taken.
        if let refusal {
            runner.metrics.count(.admissionRejections, LabelValues.rejection(refusal.reason))
            machine.refuse(refusal)
        } else {
            activePods.take(entry.pod)
            if let warning = entry.pod.ignoredFieldsWarning { runner.events.record(warning, about: machine.identity) }
        }
        runner.metrics.observe(.podWorkerStart, duration: time.now() - entry.arrival.monotonic)
        await employ(machine, .updated(entry.pod), arrival: entry.arrival)
    }

    /// The active pods as they will be when every critical pod has the place of its victims.
    func occupants() -> ActivePods {
        var pods = activePods.snapshot
        for uid in queue.victims { pods.remove(uid) }
        for entry in queue.preempting { pods.add(entry.pod) }
        return pods
    }

    /// Begins the end of the victims. The pod's place is reserved from here on.
    private func preempt(_ victims: [Pod], for pod: Pod) async {
        let patience = victims.map(PodEviction.patience).max() ?? .zero
        let deadline = time.now() + patience
        queue.wait(pod.uid, for: AdmissionQueue.Preemption(victims: Set(victims.map(\.uid)), deadline: deadline))
        wakes.set(pod.uid, at: deadline)
        for victim in victims {
            guard let worker = workers[victim.uid] else { continue }
            logger.notice("Pod is ended for a critical pod", metadata: ["pod": "\(victim.key)", "uid": "\(victim.uid)", "critical": "\(pod.key)"])
            await worker.handle(.evicted(.preemption))
        }
    }

    /// Admits the critical pods whose victims have ended.
    private func admitPreemptors() async {
        for entry in queue.preempting {
            guard let preemption = entry.preemption else { continue }
            let isOver = !preemption.victims.contains(where: activePods.contains)
            guard isOver || time.now() >= preemption.deadline else { continue }
            if !isOver {
                logger.warning("Critical pod starts before the pods that make room for it have ended", metadata: ["pod": "\(entry.pod.key)"])
            }
            wakes.set(entry.pod.uid, at: nil)
            await admit(entry.pod.uid)
        }
    }
}
