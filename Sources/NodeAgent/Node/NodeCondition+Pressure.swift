import KubeModel
import PodCore

extension NodeCondition {
    /// A shortage as kubelet reports it. A shortage that could not be measured is unknown, with the reason of nodes that do not report.
    init(_ pressure: NodePressure, _ state: NodePressures.State) {
        let (present, absent) = Self.words(pressure)
        switch state {
        case .present: self.init(type: pressure.rawValue, status: true, reason: present.reason, message: present.message)
        case .absent: self.init(type: pressure.rawValue, status: false, reason: absent.reason, message: absent.message)
        case .unknown(let message):
            self.init(type: pressure.rawValue, status: false, reason: "NodeStatusUnknown", message: "kubelet cannot measure it: \(message)")
            status = "Unknown"
        }
    }

    private typealias Words = (reason: String, message: String)

    private static func words(_ pressure: NodePressure) -> (present: Words, absent: Words) {
        switch pressure {
        case .memory:
            (
                ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
                ("KubeletHasSufficientMemory", "kubelet has sufficient memory available")
            )
        case .disk: (("KubeletHasDiskPressure", "kubelet has disk pressure"), ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"))
        case .processIDs:
            (
                ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
                ("KubeletHasSufficientPID", "kubelet has sufficient PID available")
            )
        }
    }
}
