import CoreMetrics
import KubeModel
import MetricsStore
import PodCore

extension MetricsFactory {
    /// Counts what a newer spec asks for, resource by resource of each container.
    func countResizes(from former: PodSpec, to spec: PodSpec) {
        let (former, wanted) = (PodResources(former).containers, PodResources(spec).containers)
        guard former != wanted else { return }
        for (name, wanted) in wanted {
            guard let former = former[name] else { continue }
            for resource in ComputeResources.names {
                count(former.requests[resource], wanted.requests[resource], "requests", resource)
                count(former.limits[resource], wanted.limits[resource], "limits", resource)
            }
        }
    }

    private func count(_ former: Quantity?, _ wanted: Quantity?, _ requirement: String, _ resource: String) {
        guard former != wanted else { return }
        let operation: String
        switch (former, wanted) {
        case (nil, _): operation = "add"
        case (_, nil): operation = "remove"
        case (let former?, let wanted?): operation = wanted > former ? "increase" : "decrease"
        }
        count(.requestedResizes, operation, requirement, resource)
    }
}
