import KubeModel
import PodCore
import TestSupport

@testable import NodeAgent

extension NodeBench {
    /// A pod with the address 10.0.0.7 whose container `main` has the given fields.
    static func snapshot(_ container: String, _ change: (inout Pod) -> Void = { _ in }) throws -> PodSnapshot {
        let container = try Wire.decode(Container.self, #"{"name":"main","ports":[{"name":"web","containerPort":8080}],\#(container)}"#)
        let pod = pod { pod in
            pod.spec.containers = [container]
            change(&pod)
        }
        return PodSnapshot(pod: pod, addresses: ["10.0.0.7"])
    }
}
