package import KubeModel

/// Pods as `swiftlet pods` prints them.
package enum PodTable {
    package static func text(_ pods: [Pod], wide: Bool, now: Timestamp) -> String {
        var table =
            wide
            ? TextTable("NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "CONTAINERS", "UID")
            : TextTable("NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE")
        for pod in pods {
            let line = PodLine(pod, now: now)
            let row = [pod.namespace, pod.name, line.ready, line.status, "\(line.restarts)", line.age]
            table.add(wide ? row + [line.address, line.containers, pod.uid] : row)
        }
        return table.text
    }
}
