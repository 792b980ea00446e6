import KubeModel
import Timing

@testable import PodCore

extension PodLife {
    /// Two containers, of which the first is resized. `policy` is that of its memory.
    static func resizable(
        _ cpu: String = "100m", _ memory: String = "64Mi", policy: String = "NotRequired", restartPolicy: String = "Always"
    ) throws -> Pod {
        try pod(
            #"""
            {"restartPolicy":"\#(restartPolicy)","containers":[
             {"name":"c","image":"b","resources":{"requests":{"cpu":"\#(cpu)","memory":"\#(memory)"},"limits":{"memory":"\#(memory)"}},
              "resizePolicy":[{"resourceName":"memory","restartPolicy":"\#(policy)"}]},
             {"name":"d","image":"b","resources":{"requests":{"cpu":"50m","memory":"32Mi"},"limits":{"memory":"32Mi"}}}]}
            """#)
    }

    /// A life whose node answers resizes like this.
    static func resizing(
        _ pod: Pod, review: ResizeVerdict? = .fits, apply: @escaping (ResizePlan) -> ResizeOutcome? = { $0.outcome(after: $0.steps.count, .done) }
    ) -> PodLife {
        PodLife(pod) { action, life in
            switch action {
            case .reviewResize(let request): review.map { .resizeReviewed(request, $0) }
            case .applyResize(let plan): apply(plan).map { .resizeApplied($0) }
            default: life.obey(action)
            }
        }
    }

    /// The next generation of the pod asks for the resources of this one.
    mutating func resize(to other: Pod) {
        var pod = machine.pod
        pod.metadata.generation = (pod.metadata.generation ?? 0) + 1
        pod.spec = pod.spec.with(PodResources(other.spec))
        receive(.updated(pod))
    }

    var reviews: Int { actions.count { if case .reviewResize = $0 { true } else { false } } }

    var plans: [ResizePlan] { actions.compactMap { if case .applyResize(let plan) = $0 { plan } else { nil } } }

    func condition(_ type: String) -> PodCondition? { status.conditions?.first { $0.type == type } }
}
