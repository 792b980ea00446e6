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
        var (healthz, metrics) = ("", "")
        try reader.read("healthzBindAddress", into: &healthz)
        try reader.read("metricsBindAddress", into: &metrics)
        if !healthz.isEmpty { healthzBindAddress = healthz }
        if !metrics.isEmpty { metricsBindAddress = metrics }
        try reader.read("clusterCIDR", into: &clusterCIDR)
        try reader.read("detectLocalMode", into: &detectLocalMode)
        try reader.read("nodePortAddresses", into: &nodePortAddresses)
        // The section of the mode in use; the others are of no interest, whatever they hold.
        try reader.nested("nftables") { reader in
            try reader.read("masqueradeAll", into: &masqueradeAll)
            try reader.read("syncPeriod", into: &syncPeriod)
            try reader.read("minSyncPeriod", into: &minSyncPeriod)
            reader.ignore([UnsupportedField("masqueradeBit", harmless: ["14"])])
        }
        reader.ignore(Self.unsupported)
    }

    private static let otherMode = "is for another proxy mode and has no effect; Services always use nftables"

    private static let unsupported: [UnsupportedField] = [
        UnsupportedField("mode", harmless: ["nftables"], reason: "Services always use nftables; set it to nftables or remove it"),
        UnsupportedField("featureGates"), UnsupportedField("logging", harmless: ["text", "5s", "0", "false"]),
        UnsupportedField("hostnameOverride", reason: "use the flag --hostname-override"),
        UnsupportedField("bindAddress", harmless: ["0.0.0.0", "::"]), UnsupportedField("bindAddressHardFail", harmless: ["false"]),
        UnsupportedField("enableProfiling", harmless: ["false"]), UnsupportedField("showHiddenMetricsForVersion"),
        UnsupportedField("iptables", harmless: ["14", "false", "true", "30s", "1s"], reason: otherMode),
        UnsupportedField("ipvs", harmless: ["false", "30s", "rr"], reason: otherMode),
        UnsupportedField("winkernel", harmless: ["false"], reason: otherMode), UnsupportedField("detectLocal"),
        UnsupportedField("oomScoreAdj", harmless: ["-999"], reason: "the service manager sets it; use OOMScoreAdjust in swiftlet.service"),
        UnsupportedField(
            "conntrack", harmless: ["32768", "131072", "24h0m0s", "1h0m0s", "false"], reason: "the kernel's own limits are used; set them with sysctl"
        ),
        UnsupportedField("configSyncPeriod", harmless: ["15m0s"]), UnsupportedField("portRange"),
        UnsupportedField("windowsRunAsService", harmless: ["false"]),
        UnsupportedField("udpIdleTimeout", harmless: ["250ms"]), UnsupportedField("linux"), UnsupportedField("windows"),
        UnsupportedField("syncPeriod", harmless: ["30s"]), UnsupportedField("minSyncPeriod", harmless: ["1s"]),
    ]
}
