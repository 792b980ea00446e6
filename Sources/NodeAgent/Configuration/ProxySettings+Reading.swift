import Addresses

extension ProxySettings {
    mutating func read(_ reader: inout FieldReader) throws {
        try reader.nested("clientConnection") { reader in
            try reader.read("kubeconfig", into: &kubeconfig)
            // kubeadm writes zeros for the defaults.
            var (rate, most) = (0.0, 0)
            try reader.read("qps", into: &rate, atLeast: 0)
            try reader.read("burst", into: &most, in: 0...1_000_000)
            if rate > 0 { qps = rate }
            if most > 0 { burst = most }
            reader.ignore([
                UnsupportedField("acceptContentTypes", harmless: ["application/json"], reason: "calls always use JSON; remove it"),
                UnsupportedField(
                    "contentType", harmless: ["application/vnd.kubernetes.protobuf", "application/json"], reason: "calls always use JSON; remove it"),
            ])
        }
        try reader.readRanges("clusterCIDR", into: &clusterCIDR)
        try readLocalMode(&reader)
        try reader.read("nodePortAddresses", into: &nodePortAddresses)
        if let node = reader.node("nodePortAddresses"), nodePortAddresses != ["primary"] {
            for text in nodePortAddresses where CIDR(text) == nil {
                throw reader.bad(node, "nodePortAddresses", "found '\(text)', wanted CIDRs such as 192.168.1.0/24, or primary alone")
            }
        }
        try reader.nested("conntrack") { try conntrack.read(&$0) }
        try Self.address("healthzBindAddress", example: "0.0.0.0:10256", &healthzAddress, &healthzPort, &reader)
        try Self.address("metricsBindAddress", example: "127.0.0.1:10249", &metricsAddress, &metricsPort, &reader)
        // The section of the mode in use; the sections of other modes are ignored.
        try reader.nested("nftables") { reader in
            try reader.read("masqueradeAll", into: &masqueradeAll)
            reader.ignore([
                UnsupportedField("masqueradeBit", harmless: ["14"]), UnsupportedField("syncPeriod", harmless: ["30s"], reason: Self.byEvents),
                UnsupportedField("minSyncPeriod", harmless: ["1s"], reason: Self.byEvents),
            ])
        }
        reader.ignore(Self.unsupported)
    }

    private mutating func readLocalMode(_ reader: inout FieldReader) throws {
        try reader.read("detectLocalMode", into: &localMode)
        try reader.nested("detectLocal") { reader in
            try reader.read("bridgeInterface", into: &bridgeInterface)
            try reader.read("interfaceNamePrefix", into: &interfaceNamePrefix)
            for (field, name) in [("bridgeInterface", bridgeInterface), ("interfaceNamePrefix", interfaceNamePrefix)] where name.utf8.count > 15 {
                throw reader.bad(field, "found '\(name)', wanted at most 15 bytes, as interfaces' names have")
            }
        }
        let missing: String? =
            switch localMode {
            case .bridgeInterface where bridgeInterface.isEmpty: "bridgeInterface"
            case .interfaceNamePrefix where interfaceNamePrefix.isEmpty: "interfaceNamePrefix"
            default: nil
            }
        if let missing { throw reader.bad("detectLocalMode", "found '\(localMode.rawValue)', which wants detectLocal.\(missing) as well") }
    }

    /// `0.0.0.0:10256`, `[::]:10256`, `:10256`, or an address alone. Empty means the default, as kubeadm writes it; `0` or port 0 means nowhere.
    private static func address(
        _ field: String, example: String, _ address: inout String, _ port: inout Int, _ reader: inout FieldReader
    ) throws {
        var text = ""
        try reader.read(field, into: &text)
        guard !text.isEmpty, let node = reader.node(field) else { return }
        if text == "0" {
            port = 0
            return
        }
        if IPAddress(text) != nil {
            address = text
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let host = parts.dropLast().joined(separator: ":").filter { $0 != "[" && $0 != "]" }
        guard parts.count > 1, let number = UInt16(parts[parts.count - 1]), host.isEmpty || IPAddress(host) != nil else {
            throw reader.bad(node, field, "found '\(text)', wanted an address and a port such as \(example)")
        }
        if !host.isEmpty { address = host }
        port = Int(number)
    }

    private static let otherMode = "is for another proxy mode and has no effect; Services always use nftables"

    private static let byEvents = "rules are changed and checked when something happens, not by the clock; remove it"

    private static let unsupported: [UnsupportedField] = [
        UnsupportedField("mode", harmless: ["nftables"], reason: "Services always use nftables; set it to nftables or remove it"),
        UnsupportedField("featureGates"), UnsupportedField("logging", harmless: ["text", "5s", "0", "false"]),
        UnsupportedField("hostnameOverride", reason: "use the flag --hostname-override"),
        UnsupportedField("bindAddress", harmless: ["0.0.0.0", "::"]), UnsupportedField("bindAddressHardFail", harmless: ["false"]),
        UnsupportedField("enableProfiling", harmless: ["false"]), UnsupportedField("showHiddenMetricsForVersion"),
        UnsupportedField("iptables", harmless: ["14", "false", "true", "30s", "1s"], reason: otherMode),
        UnsupportedField("ipvs", harmless: ["false", "30s", "rr"], reason: otherMode),
        UnsupportedField("winkernel", harmless: ["false"], reason: otherMode),
        UnsupportedField("oomScoreAdj", harmless: ["-999"], reason: "the service manager sets it; use OOMScoreAdjust in swiftlet.service"),
        UnsupportedField("configSyncPeriod", harmless: ["15m0s"]), UnsupportedField("portRange"),
        UnsupportedField("windowsRunAsService", harmless: ["false"]),
        UnsupportedField("udpIdleTimeout", harmless: ["250ms"]), UnsupportedField("linux"), UnsupportedField("windows"),
        UnsupportedField("syncPeriod", harmless: ["30s"]), UnsupportedField("minSyncPeriod", harmless: ["1s"]),
    ]
}
