package import KubeModel
import PodCore

extension KubeletSettings {
    /// The settings as a `KubeletConfiguration`: the fields that this agent acts on, with the values that are in force.
    package var document: JSONValue {
        var document: JSONValue = [
            "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "address": .string(address), "port": .whole(port),
            "healthzBindAddress": .string(healthzBindAddress), "healthzPort": .whole(healthzPort),
            "streamingConnectionIdleTimeout": .duration(streamingConnectionIdleTimeout), "rotateCertificates": .bool(rotateCertificates),
            "serverTLSBootstrap": .bool(serverTLSBootstrap), "tlsMinVersion": .string(tlsMinVersion.rawValue),
            "tlsCipherSuites": .texts(cipherSuiteNames),
            "kubeAPIQPS": .whole(kubeAPIQPS), "kubeAPIBurst": .whole(kubeAPIBurst), "eventRecordQPS": .whole(eventRecordQPS),
            "eventBurst": .whole(eventBurst), "registerNode": .bool(registerNode),
            "nodeStatusUpdateFrequency": .duration(nodeStatusUpdateFrequency), "nodeStatusReportFrequency": .duration(nodeStatusReportFrequency),
            "nodeLeaseDurationSeconds": .whole(nodeLeaseDurationSeconds), "nodeStatusMaxImages": .whole(nodeStatusMaxImages),
            "maxPods": .whole(maxPods), "clusterDNS": .texts(clusterDNS), "clusterDomain": .string(clusterDomain), "resolvConf": .string(resolvConf),
            "podLogsDir": .string(podLogsDir), "containerLogMaxSize": .string(containerLogMaxSize.text),
            "containerLogMaxFiles": .whole(containerLogMaxFiles), "podPidsLimit": .whole(podPidsLimit), "cpuCFSQuota": .bool(cpuCFSQuota),
            "cpuCFSQuotaPeriod": .duration(cpuCFSQuotaPeriod), "singleProcessOOMKill": .bool(singleProcessOOMKill), "failSwapOn": .bool(failSwapOn),
            "memorySwap": ["swapBehavior": .string(swapBehavior.rawValue)], "enforceNodeAllocatable": .texts([enforceNodeAllocatable.rawValue]),
            "protectKernelDefaults": .bool(protectKernelDefaults), "seccompDefault": .bool(seccompDefault), "cgroupRoot": .string(cgroupRoot),
            "enableDebuggingHandlers": .bool(enableDebuggingHandlers), "enableSystemLogHandler": .bool(enableSystemLogHandler),
            "enableSystemLogQuery": .bool(enableSystemLogQuery),
            "fileCheckFrequency": .duration(fileCheckFrequency),
            "crashLoopBackOff": ["maxContainerRestartPeriod": .duration(maxContainerRestartPeriod)],
        ]
        for (name, text) in [
            ("tlsCertFile", tlsCertFile), ("tlsPrivateKeyFile", tlsPrivateKeyFile), ("providerID", providerID), ("staticPodPath", staticPodPath),
            ("podCIDR", podCIDR.isEmpty ? nil : podCIDR),
        ] {
            if let text { document[name] = .string(text) }
        }
        addAccess(to: &document)
        addImages(to: &document)
        addEviction(to: &document)
        addNode(to: &document)
        return document
    }

    private func addAccess(to document: inout JSONValue) {
        document["authentication"] = [
            "anonymous": ["enabled": .bool(anonymousAuthentication)],
            "webhook": ["enabled": .bool(webhookAuthentication), "cacheTTL": .duration(webhookAuthenticationCacheTTL)],
            "x509": .object(clientCAFile.map { ["clientCAFile": .string($0)] } ?? [:]),
        ]
        document["authorization"] = [
            "mode": .string(authorizationMode.rawValue),
            "webhook": ["cacheAuthorizedTTL": .duration(cacheAuthorizedTTL), "cacheUnauthorizedTTL": .duration(cacheUnauthorizedTTL)],
        ]
    }

    private func addImages(to document: inout JSONValue) {
        document["imageMinimumGCAge"] = .duration(imageCollection.minimumAge)
        document["imageMaximumGCAge"] = .duration(imageCollection.maximumAge)
        document["imageGCHighThresholdPercent"] = .whole(imageCollection.highThreshold)
        document["imageGCLowThresholdPercent"] = .whole(imageCollection.lowThreshold)
        document["serializeImagePulls"] = .bool(imagePulls.parallel == 1)
        if let parallel = imagePulls.parallel, parallel > 1 { document["maxParallelImagePulls"] = .whole(parallel) }
        document["registryPullQPS"] = .whole(imagePulls.rate)
        document["registryBurst"] = .whole(imagePulls.burst)
        document["imagePullCredentialsVerificationPolicy"] = .string(imageVerification.policy.rawValue)
        if !imageVerification.allowlist.isEmpty { document["preloadedImagesVerificationAllowlist"] = .texts(imageVerification.allowlist) }
    }

    private func addEviction(to document: inout JSONValue) {
        func signals<Value>(_ values: [EvictionSignal: Value], _ text: (Value) -> String) -> JSONValue {
            .object(Dictionary(values.map { ($0.key.rawValue, .string(text($0.value))) }) { $1 })
        }
        document["evictionHard"] = signals(evictionHard, \.text)
        if !evictionSoft.isEmpty { document["evictionSoft"] = signals(evictionSoft, \.text) }
        if !evictionSoftGracePeriod.isEmpty { document["evictionSoftGracePeriod"] = signals(evictionSoftGracePeriod) { GoText.duration($0) } }
        if !evictionMinimumReclaim.isEmpty { document["evictionMinimumReclaim"] = signals(evictionMinimumReclaim, \.text) }
        document["evictionPressureTransitionPeriod"] = .duration(evictionPressureTransitionPeriod)
        document["evictionMaxPodGracePeriod"] = .whole(evictionMaxPodGracePeriod)
    }

    private func addNode(to document: inout JSONValue) {
        if !registerWithTaints.isEmpty {
            document["registerWithTaints"] = .array(
                registerWithTaints.map { ["key": .string($0.key), "value": .string($0.value), "effect": .string($0.effect.rawValue)] })
        }
        for (name, amounts) in [("systemReserved", systemReserved), ("kubeReserved", kubeReserved)] where !amounts.isEmpty {
            document[name] = .object(amounts.mapValues { .string($0.text) })
        }
        if !sysctls.allowedUnsafe.isEmpty { document["allowedUnsafeSysctls"] = .texts(sysctls.allowedUnsafe) }
        let periods = shutdown.periods
        if periods.map(\.priority) == [0, PodSpec.criticalPriority] || periods.isEmpty {
            document["shutdownGracePeriod"] = .duration(shutdown.total)
            document["shutdownGracePeriodCriticalPods"] = .duration(.seconds(periods.last?.seconds ?? 0))
        } else {
            document["shutdownGracePeriodByPodPriority"] = .array(
                periods.map { ["priority": .whole($0.priority), "shutdownGracePeriodSeconds": .integer($0.seconds)] })
        }
    }
}

extension JSONValue {
    fileprivate static func whole(_ number: Int) -> JSONValue { .integer(Int64(number)) }

    fileprivate static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// As Go writes a `metav1.Duration`.
    fileprivate static func duration(_ duration: Duration) -> JSONValue { .string(GoText.duration(duration)) }
}

extension EvictionAmount {
    /// As a configuration has it.
    fileprivate var text: String {
        switch self {
        case .quantity(let quantity): quantity.text
        case .fraction(let part): "\(Self.percent(part))%"
        }
    }

    private static func percent(_ part: Float) -> String {
        let percent = (part * 10_000).rounded() / 100
        return percent == percent.rounded() ? String(Int(percent)) : String(percent)
    }
}
