import FoundationEssentials
import KubeModel
import PodCore
import Testing

@testable import NodeAgent

@Suite struct ConfigurationTests {
    func parse(_ text: String, file: String = "a.yaml") throws -> AgentConfiguration { try ConfigurationLoader.parse([(file, text)]) }

    func kubelet(_ body: String) -> String { "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + body }
    func proxy(_ body: String) -> String { "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n" + body }
    func swiftlet(_ body: String) -> String { "apiVersion: swiftlet.dev/v1alpha1\nkind: SwiftletConfiguration\n" + body }

    @Test("reserved resources and thresholds are taken over")
    func resourcesAreTakenOver() throws {
        let found = try parse(
            kubelet(
                """
                podPidsLimit: 500
                cpuCFSQuota: false
                cpuCFSQuotaPeriod: 20ms
                singleProcessOOMKill: true
                failSwapOn: false
                memorySwap: {swapBehavior: LimitedSwap}
                enforceNodeAllocatable: [none]
                protectKernelDefaults: true
                """) + "\n---\n" + swiftlet("setKernelParameters: false\n"))
        #expect(found.kubelet.podPidsLimit == 500 && !found.kubelet.cpuCFSQuota && found.kubelet.cpuCFSQuotaPeriod == .milliseconds(20))
        #expect(found.kubelet.singleProcessOOMKill && found.kubelet.swapBehavior == .limitedSwap && found.kubelet.protectKernelDefaults)
        #expect(!found.kubelet.failSwapOn && KubeletSettings().failSwapOn)
        #expect(found.kubelet.enforceNodeAllocatable == .none && !found.swiftlet.setKernelParameters && found.warnings.isEmpty)
        #expect(try parse(kubelet("enforceNodeAllocatable: []")).kubelet.enforceNodeAllocatable == .none)
        // Reservations in the system's own cgroups are not enforced here: they get a warning, and the rest holds.
        let others = try parse(kubelet("enforceNodeAllocatable: [pods, system-reserved]"))
        #expect(others.kubelet.enforceNodeAllocatable == .pods && others.warnings.map(\.field) == ["enforceNodeAllocatable"])
    }

    @Test(
        "bad resources are refused",
        arguments: [
            "cpuCFSQuotaPeriod: 2s", "cpuCFSQuotaPeriod: 999us", "memorySwap: {swapBehavior: UnlimitedSwap}", "enforceNodeAllocatable: [none, pods]",
            "enforceNodeAllocatable: [pod]", "podPidsLimit: -2",
        ]) func badResourcesAreRefused(body: String)
    {
        let error = #expect(throws: ConfigurationError.self) { _ = try parse(kubelet(body)) }
        #expect(error?.code == .badValue)
    }

    /// `config/swiftlet.yaml` is the reference that operators copy from.
    @Test("the shipped file holds every default")
    func theShippedFileHoldsEveryDefault() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appending(path: "config/swiftlet.yaml")
        let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
        let notes = FieldReader.Notes()
        let configuration = try ConfigurationLoader.parse([("swiftlet.yaml", text)], notes: notes)
        #expect(configuration == AgentConfiguration())
        #expect(notes.absent.isEmpty, "not in config/swiftlet.yaml: \(notes.absent.sorted())")
        #expect(configuration.warnings.isEmpty)
    }

    @Test("an empty file means defaults")
    func nothingMeansDefaults() throws {
        #expect(try parse("") == AgentConfiguration())
        #expect(try parse("---\n---\n# only a comment\n") == AgentConfiguration())
        #expect(try ConfigurationLoader.load(file: nil) == AgentConfiguration())
    }

    @Test("the values of the file are taken over")
    func valuesAreTakenOver() throws {
        let found = try parse(
            kubelet(
                """
                address: 127.0.0.1
                port: 10350
                tlsCertFile: /a.crt
                tlsPrivateKeyFile: /a.key
                rotateCertificates: true
                authentication: {anonymous: {enabled: true}, webhook: {enabled: false, cacheTTL: 1m30s}, x509: {clientCAFile: /ca.crt}}
                authorization: {mode: AlwaysAllow, webhook: {cacheAuthorizedTTL: 1s, cacheUnauthorizedTTL: 0s}}
                clusterDNS: [10.96.0.10, "fd00::a"]
                clusterDomain: cluster.local
                maxPods: 20
                systemReserved: {cpu: 200m, memory: 1Gi}
                evictionHard: {memory.available: 5%}
                registerWithTaints: [{key: a, value: b, effect: NoExecute}]
                containerLogMaxSize: 1Mi
                nodeStatusUpdateFrequency: 20s
                crashLoopBackOff: {maxContainerRestartPeriod: 5m}
                podCIDR: 10.244.3.0/24
                allowedUnsafeSysctls: [net.core.somaxconn, "kernel.msg*"]
                userNamespaces: {idsPerPod: 65536}
                """) + "\n---\n"
                + proxy(
                    "clientConnection: {kubeconfig: /proxy.conf, qps: 0, burst: 7}\nclusterCIDR: '10.244.0.0/16, fd00::/48'\nnodePortAddresses: [192.168.1.0/24]\n"
                )
                + "---\n"
                + swiftlet(
                    "registries: {'localhost:5000': {mirrors: [m:1], insecure: true, caFile: /ca}}\n"
                        + "network: {bridge: br7, mtu: 1400, routing: vxlan, antiSpoofing: false}\nrequireControllers: false\n"
                ))
        let kubelet = found.kubelet
        #expect(kubelet.address == "127.0.0.1" && kubelet.port == 10350 && kubelet.tlsCertFile == "/a.crt" && kubelet.rotateCertificates)
        #expect(kubelet.anonymousAuthentication && !kubelet.webhookAuthentication && kubelet.webhookAuthenticationCacheTTL == .seconds(90))
        #expect(kubelet.clientCAFile == "/ca.crt" && kubelet.authorizationMode == .alwaysAllow)
        #expect(kubelet.cacheAuthorizedTTL == .seconds(1) && kubelet.cacheUnauthorizedTTL == .seconds(30))
        #expect(kubelet.clusterDNS == ["10.96.0.10", "fd00::a"] && kubelet.clusterDomain == "cluster.local" && kubelet.maxPods == 20)
        #expect(kubelet.systemReserved["cpu"]?.milliValue == 200 && kubelet.systemReserved["memory"]?.value == 1 << 30)
        #expect(kubelet.evictionHard == [.memoryAvailable: .fraction(0.05)])
        #expect(kubelet.registerWithTaints == [NodeTaint(key: "a", value: "b", effect: .noExecute)])
        #expect(kubelet.containerLogMaxSize.value == 1 << 20 && found.podCIDRs == ["10.244.3.0/24"])
        #expect(try kubelet.sysctls == SysctlRules(allowedUnsafe: ["net.core.somaxconn", "kernel.msg*"]))
        // The report frequency follows an update frequency that was given.
        #expect(kubelet.nodeStatusUpdateFrequency == .seconds(20) && kubelet.nodeStatusReportFrequency == .seconds(20))
        #expect(found.proxy.kubeconfig == "/proxy.conf" && found.proxy.qps == 5 && found.proxy.burst == 7)
        #expect(found.proxy.clusterCIDR == "10.244.0.0/16, fd00::/48" && found.proxy.nodePortAddresses == ["192.168.1.0/24"])
        #expect(found.swiftlet.registries == ["localhost:5000": .init(mirrors: ["m:1"], insecure: true, caFile: "/ca")])
        #expect(found.swiftlet.network.routing == .vxlan && !found.swiftlet.network.antiSpoofing)
        #expect(found.swiftlet.network.bridge == "br7" && found.swiftlet.network.mtu == 1400 && !found.swiftlet.requireControllers)
        #expect(found.warnings.isEmpty, "\(found.warnings)")
    }

    /// The file of kubeadm 1.36 on a node, zeros and nulls included.
    @Test("kubeadm's files are accepted")
    func kubeadmFilesAreAccepted() throws {
        let found = try parse(
            kubelet(
                """
                authentication:
                  anonymous: {enabled: false}
                  webhook: {cacheTTL: 0s, enabled: true}
                  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
                authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}}
                cgroupDriver: systemd
                clusterDNS: [10.96.0.10]
                clusterDomain: cluster.local
                containerRuntimeEndpoint: ""
                cpuManagerReconcilePeriod: 0s
                crashLoopBackOff: {}
                evictionPressureTransitionPeriod: 0s
                fileCheckFrequency: 0s
                healthzBindAddress: 127.0.0.1
                healthzPort: 10248
                httpCheckFrequency: 0s
                imageMaximumGCAge: 0s
                imageMinimumGCAge: 0s
                logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
                memorySwap: {}
                nodeStatusReportFrequency: 0s
                nodeStatusUpdateFrequency: 0s
                rotateCertificates: true
                runtimeRequestTimeout: 0s
                shutdownGracePeriod: 0s
                shutdownGracePeriodCriticalPods: 0s
                staticPodPath: /etc/kubernetes/manifests
                streamingConnectionIdleTimeout: 0s
                syncFrequency: 0s
                volumeStatsAggPeriod: 0s
                """) + "\n---\n"
                + proxy(
                    """
                    bindAddress: 0.0.0.0
                    bindAddressHardFail: false
                    clientConnection: {acceptContentTypes: "", burst: 0, contentType: "", kubeconfig: /var/lib/kube-proxy/kubeconfig.conf, qps: 0}
                    clusterCIDR: ""
                    configSyncPeriod: 0s
                    conntrack: {maxPerCore: null, min: null, tcpBeLiberal: false, tcpCloseWaitTimeout: null, udpTimeout: 0s}
                    detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
                    detectLocalMode: ""
                    enableProfiling: false
                    healthzBindAddress: ""
                    hostnameOverride: ""
                    iptables: {localhostNodePorts: null, masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
                    ipvs: {excludeCIDRs: null, minSyncPeriod: 0s, scheduler: "", strictARP: false, syncPeriod: 0s, tcpFinTimeout: 0s}
                    logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}}, verbosity: 0}
                    metricsBindAddress: ""
                    mode: ""
                    nftables: {masqueradeAll: false, masqueradeBit: null, minSyncPeriod: 0s, syncPeriod: 0s}
                    nodePortAddresses: null
                    oomScoreAdj: null
                    portRange: ""
                    showHiddenMetricsForVersion: ""
                    winkernel: {enableDSR: false, forwardHealthCheckVip: false, networkName: "", rootHnsEndpointName: "", sourceVip: ""}
                    """))
        var wanted = AgentConfiguration()
        wanted.kubelet.clientCAFile = "/etc/kubernetes/pki/ca.crt"
        wanted.kubelet.clusterDNS = ["10.96.0.10"]
        wanted.kubelet.clusterDomain = "cluster.local"
        wanted.kubelet.rotateCertificates = true
        wanted.kubelet.staticPodPath = "/etc/kubernetes/manifests"
        wanted.proxy.kubeconfig = "/var/lib/kube-proxy/kubeconfig.conf"
        wanted.warnings = found.warnings
        #expect(found == wanted)
        #expect(found.warnings.map(\.field) == ["cgroupDriver"])
        #expect(found.warnings.first?.place == "a.yaml:8")
    }

    @Test(
        "a mistake ends in one clear error",
        arguments: [
            ("porrt: 1", ConfigurationError.Code.unknownField, "a.yaml:3: porrt: there is no such field; did you mean 'port'?"),
            ("zzzzzzzzz: 1", .unknownField, "a.yaml:3: zzzzzzzzz: there is no such field"),
            ("authentication:\n  webhok: {}", .unknownField, "a.yaml:4: authentication.webhok: there is no such field; did you mean 'webhook'?"),
            ("port: 1\nport: 2", .duplicateKey, "port"),
            ("port: many", .wrongType, "a.yaml:3: port: found 'many', wanted a whole number"),
            ("port: \"10250\"", .wrongType, "found the text \"10250\""),
            ("port: 70000", .badValue, "from 1 to 65535"),
            ("registerNode: yes", .wrongType, "wanted true or false"),
            ("clusterDNS: 10.96.0.10", .wrongType, "wanted a list"),
            ("authentication: []", .wrongType, "wanted a mapping"),
            ("nodeStatusUpdateFrequency: 10", .wrongType, "wanted a duration such as 10s"),
            ("nodeStatusUpdateFrequency: -1s", .wrongType, "wanted a duration"),
            ("systemReserved: {cpu: lots}", .badValue, "wanted a quantity"),
            ("authorization: {mode: RBAC}", .badValue, "wanted one of: AlwaysAllow, Webhook"),
            ("evictionHard: {memory.availble: 1Gi}", .badValue, "did you mean 'memory.available'?"),
            ("evictionHard: {memory.available: 120%}", .badValue, "found '120%'"),
            ("evictionHard: {memory.available: '0'}", .badValue, "a.yaml:3: evictionHard.memory.available: found '0', wanted a quantity above 0"),
            (
                "evictionSoft: {memory.available: 1Gi, pid.available: 10%}\nevictionSoftGracePeriod: {memory.available: 1m}", .badValue,
                "a.yaml:3: evictionSoft.pid.available: grace period must be specified for the soft eviction threshold: add pid.available to"
            ),
            (
                "evictionSoftGracePeriod: {memory.available: soon}", .badValue,
                "evictionSoftGracePeriod.memory.available: found 'soon', wanted a duration"
            ),
            ("evictionMinimumReclaim: {nodefs.available: 0%}", .badValue, "evictionMinimumReclaim.nodefs.available: found '0%', wanted a quantity"),
            ("evictionMinimumReclaim: {nodefs: 1Gi}", .badValue, "there is no such signal"),
            ("evictionMaxPodGracePeriod: -1", .badValue, "from 0 to"),
            ("tlsCertFile: /a", .badValue, "without tlsPrivateKeyFile"),
            ("podCIDR: 10.244.1.0", .badValue, "a.yaml:3: podCIDR: found '10.244.1.0', wanted a CIDR"),
            ("podCIDR: 10.244.1.0/24,10.244.2.0/24", .badValue, "at most one of each family"),
            ("podCIDR: 10.244.1.0/33", .badValue, "wanted a CIDR"),
            ("allowedUnsafeSysctls: [net.core.*, vm.swappiness]", .badValue, "a.yaml:3: allowedUnsafeSysctls: the sysctls \"vm.swappiness\" are"),
            ("allowedUnsafeSysctls: [\"*\"]", .badValue, "allowedUnsafeSysctls"),
            ("staticPodPath: manifests", .badValue, "a.yaml:3: staticPodPath: found 'manifests', wanted a path that begins with /"),
            ("port: [", .syntax, "this is not YAML"),
        ])
    func mistakesEndInOneClearError(body: String, code: ConfigurationError.Code, words: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try parse(kubelet(body)) }
        #expect(error.code == code, "\(error)")
        #expect("\(error)".contains(words), "\(error)")
        #expect(error.place.hasPrefix("a.yaml:"), "\(error)")
    }

    @Test(
        "documents of other kinds are refused",
        arguments: [
            ("apiVersion: v1\nkind: Pod", ConfigurationError.Code.unknownDocument), ("just text", .wrongType), ("- a", .wrongType),
            ("apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration", .unknownDocument),
        ])
    func otherDocumentsAreRefused(text: String, code: ConfigurationError.Code) throws {
        #expect(try #require(throws: ConfigurationError.self) { try parse(text) }.code == code)
    }

    @Test("a kind that appears twice in a file is refused")
    func theSameDocumentTwiceInAFileIsRefused() throws {
        let error = try #require(throws: ConfigurationError.self) { try parse(kubelet("") + "---\n" + kubelet("")) }
        #expect(error.code == .unknownDocument && error.place == "a.yaml:4", "\(error)")
    }

    @Test("the fields of SwiftletConfiguration are checked")
    func swiftletFieldsAreChecked() throws {
        for (body, words) in [
            ("network: {bridge: a-name-much-too-long}", "1 to 15 bytes"), ("network: {mtu: 100}", "at least 576"),
            ("adminSocket: x.sock", "begins with /"),
            ("network: {mode: overlay}", "wanted one of: bridge"),
            ("network:\n  mode: cni\n  cniBinDirs: [/opt/cni/bin, bin]", "found 'bin', wanted a path"),
            ("network: {cniConfDir: ''}", "found '', wanted a path"), ("network: {cniBinDirs: []}", "found '', wanted a path"),
            ("network: {routing: bgp}", "wanted one of: host-gw"), ("network: {podCIDR: pods}", "wanted a CIDR"),
            ("runtimeRoot: /run/x", "there is no such field"),
            ("spawnerSocket: /run/x", "there is no such field"), ("registries: {a: {mirror: []}}", "did you mean 'mirrors'?"),
        ] {
            let error = try #require(throws: ConfigurationError.self) { try parse(swiftlet(body)) }
            #expect("\(error)".contains(words), "\(error)")
        }
    }

    @Test("a field without effect is named once, and only when its value is not harmless")
    func fieldsWithoutEffectAreNamedOnceAndOnlyWhenTheyAskForSomething() throws {
        let found = try parse(
            kubelet(
                "staticPodURL: http://a\npodsPerCore: 3\nsyncFrequency: 60s\nfeatureGates: {A: true}\n"
                    + "imageMinimumGCAge: 2m\ntracing: null\n"
            ))
        #expect(found.warnings.map(\.field).sorted() == ["featureGates", "podsPerCore", "staticPodURL"])
        #expect(found.warnings.allSatisfy { $0.place.hasPrefix("a.yaml:") })
        #expect(found.kubelet == KubeletSettings())
    }

    /// Every field that is read and has no effect, set to something else than its default, is named once.
    @Test("every field without effect has a warning")
    func nothingWithoutEffectIsSilent() throws {
        let found = try parse(
            kubelet(
                "tlsCurvePreferences: [29]\npodsPerCore: 4\nserializeImagePulls: false\n")
                + "---\n"
                + proxy(
                    "bindAddress: 10.0.0.1\n"
                        + "configSyncPeriod: 1m\nnftables: {syncPeriod: 1m, minSyncPeriod: 500ms, masqueradeBit: 3}\n"))
        #expect(
            found.warnings.map(\.field) == [
                "tlsCurvePreferences", "podsPerCore", "nftables.masqueradeBit", "nftables.syncPeriod",
                "nftables.minSyncPeriod", "bindAddress", "configSyncPeriod",
            ])
        #expect(found.warnings.first?.place == "a.yaml:3")
        #expect(found.kubelet == KubeletSettings() && found.proxy == ProxySettings())
        let defaults = try parse(
            kubelet("serverTLSBootstrap: false\npodsPerCore: 0\nmaxParallelImagePulls: 0\n") + "---\n"
                + proxy("healthzBindAddress: 0.0.0.0:10256\nmetricsBindAddress: 127.0.0.1:10249\nnftables: {syncPeriod: 30s}\n"))
        #expect(defaults.warnings.isEmpty, "\(defaults.warnings)")
    }

    @Test("limits of connection tracking have kube-proxy's defaults, and zero leaves the kernel's") func conntrack() throws {
        let prefix = "net.netfilter.nf_conntrack_"
        let standard = ConntrackSettings()
        #expect(standard.minimums(processors: 2) == ["\(prefix)max": 131_072] && standard.minimums(processors: 8) == ["\(prefix)max": 262_144])
        #expect(standard.values == ["\(prefix)tcp_timeout_established": 86_400, "\(prefix)tcp_timeout_close_wait": 3600])
        let fields = "maxPerCore: 0, min: 5, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 1m30s, udpTimeout: 10s, tcpBeLiberal: true"
        let found = try parse(proxy("conntrack: {\(fields)}\n")).proxy.conntrack
        #expect(found.minimums(processors: 8) == [:])
        #expect(
            found.values == ["\(prefix)tcp_timeout_close_wait": 90, "\(prefix)udp_timeout": 10, "\(prefix)tcp_be_liberal": 1])
        #expect(throws: ConfigurationError.self) { try parse(proxy("conntrack: {maxPerCore: -1}\n")) }
    }

    @Test(
        "the proxy's health address has kube-proxy's forms",
        arguments: [
            ("0.0.0.0:1", "0.0.0.0", 1), ("\"[::]:10257\"", "::", 10257), ("\":0\"", "0.0.0.0", 0), ("127.0.0.1", "127.0.0.1", 10256),
            ("\"::1\"", "::1", 10256), ("\"\"", "0.0.0.0", 10256),
        ])
    func proxyHealthAddress(text: String, address: String, port: Int) throws {
        let found = try parse(proxy("healthzBindAddress: \(text)\n")).proxy
        #expect(found.healthzAddress == address && found.healthzPort == port)
        #expect(throws: ConfigurationError.self) { try parse(proxy("healthzBindAddress: here:\(port)x\n")) }
    }

    @Test("the most specific setting of pod ranges wins")
    func podRangesComeFromTheMostSpecialPlace() throws {
        #expect(try parse("").podCIDRs == [])
        #expect(try parse(kubelet("podCIDR: 10.1.0.0/24")).podCIDRs == ["10.1.0.0/24"])
        let both = kubelet("podCIDR: 10.1.0.0/24") + "\n---\n" + swiftlet("network: {podCIDR: '10.2.0.0/24, fd02::/64'}")
        #expect(try parse(both).podCIDRs == ["10.2.0.0/24", "fd02::/64"])
    }

    @Test(
        "proxy ranges are checked",
        arguments: [
            ("nodePortAddresses: [primary, 10.0.0.0/8]", "found 'primary', wanted CIDRs"), ("nodePortAddresses: [10.0.0.1]", "found '10.0.0.1'"),
            ("clusterCIDR: 10.244.0.0", "wanted a CIDR"), ("clusterCIDR: fd00::/129", "wanted a CIDR"),
        ])
    func proxyRangesAreChecked(body: String, words: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try parse(proxy(body)) }
        #expect(error.code == .badValue && "\(error)".contains(words) && error.place == "a.yaml:3", "\(error)")
        #expect(try parse(proxy("nodePortAddresses: [primary]")).proxy.nodePortAddresses == ["primary"])
    }
}
