import KubeModel
import PodCore

extension KubeletSettings {
    /// Takes over the fields of the document.
    mutating func read(_ reader: inout FieldReader) throws {
        try reader.read("address", into: &address)
        try reader.read("port", into: &port, in: 1...65535)
        try reader.read("healthzBindAddress", into: &healthzBindAddress)
        try reader.read("healthzPort", into: &healthzPort, in: 0...65535)
        try reader.read("streamingConnectionIdleTimeout", into: &streamingConnectionIdleTimeout)
        try readTLS(&reader)
        try readSystemLogs(&reader)
        try readAuthentication(&reader)
        try reader.read("kubeAPIQPS", into: &kubeAPIQPS, in: 0...1_000_000)
        try reader.read("kubeAPIBurst", into: &kubeAPIBurst, in: 0...1_000_000)
        try reader.read("eventRecordQPS", into: &eventRecordQPS, in: 0...1_000_000)
        try reader.read("eventBurst", into: &eventBurst, in: 0...1_000_000)
        try reader.read("registerNode", into: &registerNode)
        try readTaints(&reader)
        try reader.read("providerID", into: &providerID)
        try readFrequencies(&reader)
        try reader.read("nodeLeaseDurationSeconds", into: &nodeLeaseDurationSeconds, in: 1...86_400)
        try reader.read("nodeStatusMaxImages", into: &nodeStatusMaxImages, in: -1...100_000)
        try reader.read("maxPods", into: &maxPods, in: 0...100_000)
        try reader.readRanges("podCIDR", into: &podCIDR)
        try reader.read("systemReserved", into: &systemReserved)
        try reader.read("kubeReserved", into: &kubeReserved)
        try readEviction(&reader)
        try readImagePulls(&reader)
        try readImageVerification(&reader)
        try readImages(&reader)
        try readStaticPods(&reader)
        try readShutdown(&reader)
        try reader.read("clusterDNS", into: &clusterDNS)
        try reader.read("clusterDomain", into: &clusterDomain)
        try reader.read("resolvConf", into: &resolvConf)
        try reader.read("podLogsDir", into: &podLogsDir)
        try readLogLimits(&reader)
        try readResources(&reader)
        try reader.read("seccompDefault", into: &seccompDefault)
        try readSysctls(&reader)
        try readRestarts(&reader)
        try reader.read("cgroupRoot", into: &cgroupRoot)
        if cgroupRoot.isEmpty { cgroupRoot = "/" }
        reader.ignore(KubeletFieldCatalog.unsupported)
    }

    private mutating func readAuthentication(_ reader: inout FieldReader) throws {
        try reader.nested("authentication") { reader in
            try reader.nested("anonymous") { try $0.read("enabled", into: &anonymousAuthentication) }
            try reader.nested("webhook") {
                try $0.read("enabled", into: &webhookAuthentication)
                try $0.read("cacheTTL", into: &webhookAuthenticationCacheTTL)
            }
            try reader.nested("x509") { try $0.read("clientCAFile", into: &clientCAFile) }
        }
        try reader.nested("authorization") { reader in
            try reader.read("mode", into: &authorizationMode)
            try reader.nested("webhook") {
                try $0.read("cacheAuthorizedTTL", into: &cacheAuthorizedTTL)
                try $0.read("cacheUnauthorizedTTL", into: &cacheUnauthorizedTTL)
            }
        }
    }

    /// A report frequency that is not given follows an update frequency that is, as in the kubelet.
    private mutating func readFrequencies(_ reader: inout FieldReader) throws {
        let before = nodeStatusUpdateFrequency
        try reader.read("nodeStatusUpdateFrequency", into: &nodeStatusUpdateFrequency)
        var report = Duration.zero
        try reader.read("nodeStatusReportFrequency", into: &report)
        if report > .zero {
            nodeStatusReportFrequency = report
        } else if nodeStatusUpdateFrequency != before {
            nodeStatusReportFrequency = nodeStatusUpdateFrequency
        }
    }

    private mutating func readSystemLogs(_ reader: inout FieldReader) throws {
        try reader.read("enableDebuggingHandlers", into: &enableDebuggingHandlers)
        try reader.read("enableSystemLogHandler", into: &enableSystemLogHandler)
        try reader.read("enableSystemLogQuery", into: &enableSystemLogQuery)
        if enableSystemLogQuery, !enableSystemLogHandler, let node = reader.node("enableSystemLogQuery") {
            throw reader.bad(node, "enableSystemLogQuery", "found true, wanted enableSystemLogHandler to be true as well")
        }
    }

    private mutating func readRestarts(_ reader: inout FieldReader) throws {
        try reader.nested("crashLoopBackOff") { reader in
            try reader.read("maxContainerRestartPeriod", into: &maxContainerRestartPeriod)
            if let node = reader.node("maxContainerRestartPeriod"), !(.seconds(1) ... .seconds(300)).contains(maxContainerRestartPeriod) {
                throw reader.bad(node, "maxContainerRestartPeriod", "found \(maxContainerRestartPeriod), wanted 1s to 5m")
            }
        }
    }

    private mutating func readStaticPods(_ reader: inout FieldReader) throws {
        try reader.read("staticPodPath", into: &staticPodPath)
        if staticPodPath?.isEmpty == true { staticPodPath = nil }
        if let node = reader.node("staticPodPath"), let path = staticPodPath, !path.hasPrefix("/") {
            throw reader.bad(node, "staticPodPath", "found '\(path)', wanted a path that begins with /")
        }
        try reader.read("fileCheckFrequency", into: &fileCheckFrequency)
    }

    private mutating func readTaints(_ reader: inout FieldReader) throws {
        var taints: [NodeTaint] = []
        try reader.list("registerWithTaints") { reader in
            var taint = NodeTaint(key: "", value: "", effect: .noSchedule)
            try reader.read("key", into: &taint.key)
            try reader.read("value", into: &taint.value)
            try reader.read("effect", into: &taint.effect)
            reader.ignore([UnsupportedField("timeAdded", reason: "is set by the control plane; remove it")])
            taints.append(taint)
        }
        if reader.node("registerWithTaints") != nil { registerWithTaints = taints }
    }

    private mutating func readSysctls(_ reader: inout FieldReader) throws {
        var patterns: [String] = []
        try reader.read("allowedUnsafeSysctls", into: &patterns)
        do throws(PlanFailure) {
            sysctls = try SysctlRules(allowedUnsafe: patterns)
        } catch {
            guard let node = reader.node("allowedUnsafeSysctls") else { throw error }
            throw reader.bad(node, "allowedUnsafeSysctls", error.message)
        }
    }

    private mutating func readResources(_ reader: inout FieldReader) throws {
        try reader.read("podPidsLimit", into: &podPidsLimit, in: -1...4_194_304)
        try reader.read("cpuCFSQuota", into: &cpuCFSQuota)
        try reader.read("cpuCFSQuotaPeriod", into: &cpuCFSQuotaPeriod)
        if let node = reader.node("cpuCFSQuotaPeriod"), cpuCFSQuotaPeriod < .milliseconds(1) || cpuCFSQuotaPeriod > .seconds(1) {
            throw reader.bad(node, "cpuCFSQuotaPeriod", "found \(cpuCFSQuotaPeriod), wanted 1ms to 1s")
        }
        try reader.read("singleProcessOOMKill", into: &singleProcessOOMKill)
        try reader.read("failSwapOn", into: &failSwapOn)
        try reader.nested("memorySwap") { try $0.read("swapBehavior", into: &swapBehavior) }
        try reader.read("protectKernelDefaults", into: &protectKernelDefaults)
        try readEnforcement(&reader)
    }

    private mutating func readEnforcement(_ reader: inout FieldReader) throws {
        var names: [String] = []
        try reader.read("enforceNodeAllocatable", into: &names)
        guard let node = reader.node("enforceNodeAllocatable") else { return }
        let ours = NodeResources.Enforcement.allCases.map(\.rawValue)
        let others = ["system-reserved", "kube-reserved", "system-reserved-compressible", "kube-reserved-compressible"]
        if let unknown = names.first(where: { !(ours + others).contains($0) }) {
            throw reader.bad(node, "enforceNodeAllocatable", "found '\(unknown)', wanted pods or none")
        }
        if names.contains("none"), names.count > 1 {
            throw reader.bad(node, "enforceNodeAllocatable", "found none together with others, wanted it alone")
        }
        enforceNodeAllocatable = names.contains("pods") ? .pods : .none
        reader.ignore([
            UnsupportedField(
                "enforceNodeAllocatable", harmless: ours,
                reason: "limits of the system's own cgroups are left to the service manager: set them there, and only pods here")
        ])
    }

    private mutating func readLogLimits(_ reader: inout FieldReader) throws {
        try reader.read("containerLogMaxSize", into: &containerLogMaxSize)
        if containerLogMaxSize.value <= 0, let node = reader.node("containerLogMaxSize") {
            throw reader.bad(node, "containerLogMaxSize", "found \(containerLogMaxSize.text), wanted more than 0")
        }
        try reader.read("containerLogMaxFiles", into: &containerLogMaxFiles, in: 2...1000)
    }
}
