import KubeModel
import PodCore
import Testing

@testable import NodeAgent

/// The configuration as `/configz` shows it.
@Suite struct ConfigurationDocumentTests {
    private func parse(_ body: String) throws -> KubeletSettings {
        try ConfigurationLoader.parse([("a.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + body)]).kubelet
    }

    /// JSON is YAML: the document must lead back to the settings that it shows.
    private func roundTrip(_ settings: KubeletSettings) throws -> KubeletSettings {
        let loaded = try ConfigurationLoader.parse([("configz.json", settings.document.description)])
        #expect(loaded.warnings.isEmpty, "\(loaded.warnings)")
        return loaded.kubelet
    }

    @Test("the document of the defaults leads back to the defaults")
    func defaults() throws {
        #expect(try roundTrip(KubeletSettings()) == KubeletSettings())
    }

    @Test("settings that differ from every default lead back to themselves")
    func different() throws {
        let settings = try parse(
            """
            address: 127.0.0.1
            port: 10350
            healthzPort: 0
            streamingConnectionIdleTimeout: 1h30m
            tlsCertFile: /a
            tlsPrivateKeyFile: /b
            rotateCertificates: true
            serverTLSBootstrap: true
            tlsMinVersion: VersionTLS13
            tlsCipherSuites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_RSA_WITH_AES_128_GCM_SHA256]
            enableSystemLogHandler: true
            enableSystemLogQuery: true
            authentication: {anonymous: {enabled: true}, webhook: {enabled: false, cacheTTL: 10s}, x509: {clientCAFile: /ca}}
            authorization: {mode: AlwaysAllow, webhook: {cacheAuthorizedTTL: 1m, cacheUnauthorizedTTL: 5s}}
            kubeAPIQPS: 7
            kubeAPIBurst: 8
            eventRecordQPS: 9
            eventBurst: 10
            registerNode: false
            registerWithTaints: [{key: a, value: b, effect: NoSchedule}]
            providerID: here
            nodeStatusUpdateFrequency: 20s
            nodeStatusReportFrequency: 2m
            nodeLeaseDurationSeconds: 30
            nodeStatusMaxImages: -1
            maxPods: 20
            podCIDR: 10.1.0.0/24
            systemReserved: {cpu: 100m, memory: 200Mi}
            kubeReserved: {pid: "100"}
            evictionHard: {memory.available: 2.5%, nodefs.available: 1Gi}
            evictionSoft: {memory.available: 10%}
            evictionSoftGracePeriod: {memory.available: 1m30s}
            evictionMinimumReclaim: {nodefs.available: 500Mi}
            evictionPressureTransitionPeriod: 30s
            evictionMaxPodGracePeriod: 5
            imageMinimumGCAge: 3m
            imageMaximumGCAge: 24h
            imageGCHighThresholdPercent: 70
            imageGCLowThresholdPercent: 60
            maxParallelImagePulls: 3
            registryPullQPS: 1
            registryBurst: 2
            imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages
            preloadedImagesVerificationAllowlist: [registry.example/app]
            staticPodPath: /manifests
            fileCheckFrequency: 5s
            shutdownGracePeriod: 30s
            shutdownGracePeriodCriticalPods: 10s
            clusterDNS: [10.96.0.10]
            clusterDomain: cluster.local
            resolvConf: /r
            podLogsDir: /l
            containerLogMaxSize: 5Mi
            containerLogMaxFiles: 3
            podPidsLimit: 100
            cpuCFSQuota: false
            cpuCFSQuotaPeriod: 20ms
            singleProcessOOMKill: true
            failSwapOn: false
            memorySwap: {swapBehavior: LimitedSwap}
            enforceNodeAllocatable: [none]
            protectKernelDefaults: true
            seccompDefault: true
            allowedUnsafeSysctls: [net.core.somaxconn]
            crashLoopBackOff: {maxContainerRestartPeriod: 20s}
            cgroupRoot: /pods
            """)
        #expect(try roundTrip(settings) == settings)
        #expect(settings.document["shutdownGracePeriod"] == "30s" && settings.document["shutdownGracePeriodCriticalPods"] == "10s")
        #expect(settings.document["evictionHard"]?["memory.available"] == "2.5%")
        #expect(settings.document["streamingConnectionIdleTimeout"] == "1h30m0s")
        #expect(settings.document["authentication"]?["x509", "clientCAFile"] == "/ca")
    }

    @Test("queries of the node's logs need the logs")
    func systemLogs() throws {
        #expect(try parse("enableSystemLogQuery: true").enableSystemLogQuery)
        #expect(try !parse("enableSystemLogHandler: false").enableSystemLogHandler)
        let error = #expect(throws: ConfigurationError.self) { _ = try parse("enableSystemLogHandler: false\nenableSystemLogQuery: true") }
        #expect(error?.field == "enableSystemLogQuery")
        #expect(try parse("enableDebuggingHandlers: false").document["enableDebuggingHandlers"] == false)
    }

    @Test("times by priority stay times by priority")
    func shutdownByPriority() throws {
        let settings = try parse(
            "shutdownGracePeriodByPodPriority: [{priority: 0, shutdownGracePeriodSeconds: 5}, {priority: 9, shutdownGracePeriodSeconds: 7}]")
        #expect(try roundTrip(settings) == settings)
        #expect(settings.document["shutdownGracePeriod"] == nil)
    }

    @Test(
        "the proxy's addresses are read as kube-proxy reads them; 0 turns one off",
        arguments: [
            ("", "127.0.0.1", 10249), ("metricsBindAddress: \"\"", "127.0.0.1", 10249), ("metricsBindAddress: 0.0.0.0", "0.0.0.0", 10249),
            ("metricsBindAddress: 0.0.0.0:9000", "0.0.0.0", 9000), ("metricsBindAddress: \"[::]:9000\"", "::", 9000),
            ("metricsBindAddress: \":9000\"", "127.0.0.1", 9000), ("metricsBindAddress: \"0\"", "127.0.0.1", 0),
            ("metricsBindAddress: 127.0.0.1:0", "127.0.0.1", 0),
        ])
    func proxyMetrics(_ body: String, _ address: String, _ port: Int) throws {
        let text = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" + body
        let found = try ConfigurationLoader.parse([("a.yaml", text)])
        #expect(found.proxy.metricsAddress == address && found.proxy.metricsPort == port && found.warnings.isEmpty)
    }

    @Test("an address of the proxy that is none is refused", arguments: ["here", "1.2.3.4:70000", "1.2.3:80"])
    func badProxyMetrics(_ address: String) {
        let text = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmetricsBindAddress: \"\(address)\"\n"
        let error = #expect(throws: ConfigurationError.self) { _ = try ConfigurationLoader.parse([("a.yaml", text)]) }
        #expect(error?.field == "metricsBindAddress")
    }
}
