/// Limits of the kernel's connection tracking: `conntrack` of `KubeProxyConfiguration`, with kube-proxy's defaults.
package struct ConntrackSettings: Sendable, Hashable {
    /// Entries for each processor; 0 leaves the kernel's limit as it is.
    package var maxPerCore = 32768
    /// The least number of entries, however few processors there are.
    package var min = 131_072
    /// How long a connection may be silent; zero leaves the kernel's value. Likewise the following ones.
    package var tcpEstablishedTimeout = Duration.seconds(24 * 3600)
    package var tcpCloseWaitTimeout = Duration.seconds(3600)
    package var udpTimeout = Duration.zero
    package var udpStreamTimeout = Duration.zero
    /// Packets outside of the window do not make a connection invalid.
    package var tcpBeLiberal = false

    package init() {}

    /// Kernel parameters that are to be at least this large: a larger limit of an administrator stays.
    package func minimums(processors: Int) -> [String: Int] {
        guard maxPerCore > 0 else { return [:] }
        return ["\(Self.prefix)max": Swift.max(maxPerCore * processors, min)]
    }

    /// Kernel parameters that are to have exactly these values.
    package var values: [String: Int] {
        var values: [String: Int] = [:]
        let timeouts = [
            ("tcp_timeout_established", tcpEstablishedTimeout), ("tcp_timeout_close_wait", tcpCloseWaitTimeout), ("udp_timeout", udpTimeout),
            ("udp_timeout_stream", udpStreamTimeout),
        ]
        for (name, timeout) in timeouts where timeout > .zero { values[Self.prefix + name] = Int(timeout.components.seconds) }
        if tcpBeLiberal { values["\(Self.prefix)tcp_be_liberal"] = 1 }
        return values
    }

    private static let prefix = "net.netfilter.nf_conntrack_"

    mutating func read(_ reader: inout FieldReader) throws {
        try reader.read("maxPerCore", into: &maxPerCore, in: 0...10_000_000)
        try reader.read("min", into: &min, in: 0...1_000_000_000)
        try reader.read("tcpEstablishedTimeout", into: &tcpEstablishedTimeout, zeroMeansDefault: false)
        try reader.read("tcpCloseWaitTimeout", into: &tcpCloseWaitTimeout, zeroMeansDefault: false)
        try reader.read("tcpBeLiberal", into: &tcpBeLiberal)
        try reader.read("udpTimeout", into: &udpTimeout, zeroMeansDefault: false)
        try reader.read("udpStreamTimeout", into: &udpStreamTimeout, zeroMeansDefault: false)
    }
}
