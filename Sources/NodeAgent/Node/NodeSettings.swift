import Addresses
package import KubeModel

/// The configuration of the Node object.
package struct NodeSettings: Sendable {
    package var name: String
    /// Overrides the kernel's addresses, in the order in which they are reported; empty for the machine's own. An unspecified address stands for the
    /// machine's own of its family.
    package var addresses: [String]
    package var port: Int
    package var labels: [String: String]
    package var taints: [Taint]
    package var registers: Bool
    package var providerID: String?
    package var maxPods: Int
    /// Subtracted from the capacity for everything that is not a pod.
    package var reserved: [String: Quantity]
    /// Bytes of memory at which pods are evicted: not allocatable either.
    package var memoryEvictionThreshold: Int64
    /// The part of the node's file system at which pods are evicted, 0 to 1: not allocatable either.
    package var storageEvictionShare: Double
    package var statusReportFrequency: Duration
    package var statusUpdateFrequency: Duration
    package var leaseDuration: Duration
    package var swiftletVersion: String
    package var maxImages: Int
    /// The ranges of this node's pods; empty for the control plane's.
    package var podCIDRs: [String]
    /// Handler names of RuntimeClasses that this node's runtime accepts.
    package var runtimeHandlers: [String]

    package init(
        name: String, addresses: [String] = [], port: Int = 10250, labels: [String: String] = [:], taints: [Taint] = [], registers: Bool = true,
        providerID: String? = nil, maxPods: Int = 110, reserved: [String: Quantity] = [:], memoryEvictionThreshold: Int64 = 100 << 20,
        storageEvictionShare: Double = 0.1, statusReportFrequency: Duration = .seconds(300), statusUpdateFrequency: Duration = .seconds(10),
        leaseDuration: Duration = .seconds(40), swiftletVersion: String, maxImages: Int = 50, podCIDRs: [String] = [],
        runtimeHandlers: [String] = []
    ) {
        self.name = name
        self.addresses = addresses
        self.port = port
        self.labels = labels
        self.taints = taints
        self.registers = registers
        self.providerID = providerID
        self.maxPods = maxPods
        self.reserved = reserved
        self.memoryEvictionThreshold = memoryEvictionThreshold
        self.storageEvictionShare = storageEvictionShare
        self.statusReportFrequency = statusReportFrequency
        self.statusUpdateFrequency = statusUpdateFrequency
        self.leaseDuration = leaseDuration
        self.swiftletVersion = swiftletVersion
        self.maxImages = maxImages
        self.podCIDRs = podCIDRs
        self.runtimeHandlers = runtimeHandlers
    }

    /// Returns the addresses to report, of a machine that has `found` of its own.
    package func addresses(of found: [String]) -> [String] {
        if addresses.isEmpty { return found }
        return addresses.flatMap { text in
            guard let address = IPAddress(text), address.isUnspecified else { return [text] }
            return found.filter { IPAddress($0)?.family == address.family }
        }
    }
}
