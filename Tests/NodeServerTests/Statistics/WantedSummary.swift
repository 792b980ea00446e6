/// The fields of `/stats/summary` as a node with Kubernetes 1.36.2 gave them, by the objects that hold them.
enum WantedSummary {
    /// `psi` stands for the eight fields of pressure.
    static let fields: [String: [String]] = [
        "node.cpu": ["psi", "time", "usageCoreNanoSeconds", "usageNanoCores"],
        "node.fs": ["availableBytes", "capacityBytes", "inodes", "inodesFree", "inodesUsed", "time", "usedBytes"],
        "node.io": ["psi", "time"],
        "node.memory": ["availableBytes", "majorPageFaults", "pageFaults", "psi", "rssBytes", "time", "usageBytes", "workingSetBytes"],
        "node.network.interfaces[]": ["name", "rxBytes", "rxErrors", "txBytes", "txErrors"],
        "node.network": ["name", "rxBytes", "rxErrors", "time", "txBytes", "txErrors"],
        "node": ["nodeName", "startTime"],
        "node.rlimit": ["curproc", "maxpid", "time"],
        "node.runtime.containerFs": ["availableBytes", "capacityBytes", "inodes", "inodesFree", "inodesUsed", "time", "usedBytes"],
        "node.runtime.imageFs": ["availableBytes", "capacityBytes", "inodes", "inodesFree", "inodesUsed", "time", "usedBytes"],
        "node.swap": ["swapAvailableBytes", "swapUsageBytes", "time"],
        "node.systemContainers[].cpu": ["psi", "time", "usageCoreNanoSeconds", "usageNanoCores"],
        "node.systemContainers[].io": ["psi", "time"],
        "node.systemContainers[].memory": [
            "availableBytes", "majorPageFaults", "pageFaults", "psi", "rssBytes", "time", "usageBytes", "workingSetBytes",
        ],
        "node.systemContainers[]": ["name", "startTime"],
        "node.systemContainers[].swap": ["swapUsageBytes", "time"],
        "pods[].containers[].cpu": ["time", "usageCoreNanoSeconds", "usageNanoCores"],
        "pods[].containers[].io": ["time"],
        "pods[].containers[].logs": ["availableBytes", "capacityBytes", "inodes", "inodesFree", "inodesUsed", "time", "usedBytes"],
        "pods[].containers[].memory": ["availableBytes", "majorPageFaults", "pageFaults", "rssBytes", "time", "usageBytes", "workingSetBytes"],
        "pods[].containers[]": ["name", "startTime"],
        "pods[].containers[].rootfs": ["availableBytes", "capacityBytes", "inodes", "inodesFree", "inodesUsed", "time", "usedBytes"],
        "pods[].containers[].swap": ["swapAvailableBytes", "swapUsageBytes", "time"],
        "pods[].cpu": ["psi", "time", "usageCoreNanoSeconds", "usageNanoCores"],
        "pods[].ephemeral-storage": ["availableBytes", "capacityBytes", "inodes", "inodesFree", "inodesUsed", "time", "usedBytes"],
        "pods[].io": ["psi", "time"],
        "pods[].memory": ["availableBytes", "majorPageFaults", "pageFaults", "psi", "rssBytes", "time", "usageBytes", "workingSetBytes"],
        "pods[].podRef": ["name", "namespace", "uid"],
        "pods[]": ["startTime"],
        "pods[].swap": ["swapUsageBytes", "time"],
        "pods[].volume[]": ["availableBytes", "capacityBytes", "inodes", "inodesFree", "inodesUsed", "name", "time", "usedBytes"],
    ]

    /// Fields that this node does not have, and why.
    static let missing: [String: String] = [
        "node.runtime.imageFs.inodesUsed": "the files of images are not counted"
    ]

    /// All paths, in full.
    static var paths: Set<String> {
        var paths: Set<String> = []
        for (holder, names) in fields {
            for name in names {
                guard name == "psi" else {
                    paths.insert("\(holder).\(name)")
                    continue
                }
                for share in ["full", "some"] {
                    for field in ["total", "avg10", "avg60", "avg300"] { paths.insert("\(holder).psi.\(share).\(field)") }
                }
            }
        }
        return paths
    }
}
