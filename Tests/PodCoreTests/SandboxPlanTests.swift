import KubeModel
import Testing

@testable import PodCore

@Suite("Sandbox plans")
struct SandboxPlanTests {
    @Test(
        "a sandbox that would protect less than asked for, or reach beyond its pod, is refused",
        arguments: [
            (#""hostUsers":false,"hostNetwork":true"#, "hostNetwork: true cannot be combined with hostUsers: false"),
            (#""hostUsers":false,"hostPID":true"#, "hostPID: true cannot be combined with hostUsers: false"),
            (#""hostUsers":false,"hostIPC":true"#, "hostIPC: true cannot be combined with hostUsers: false"),
        ])
    func refused(fields: String, message: String) throws {
        let failure = #expect(throws: PlanFailure.self) { try configuration(fields) }
        #expect(failure?.message.hasPrefix(message) == true)
    }

    @Test("namespaces are the pod's unless it asks for the node's")
    func namespaces() throws {
        let own = try configuration(#""hostUsers":false,"shareProcessNamespace":true"#)
        #expect(own.network == .pod && own.ipc == .pod && own.pid == .pod && own.user == .pod)
        let shared = try configuration(#""hostUsers":true,"hostNetwork":true,"hostPID":true,"hostIPC":true"#)
        #expect(shared.network == .node && shared.ipc == .node && shared.pid == .node && shared.user == .node)
        #expect(try configuration("").user == .node)
    }

    // MARK: Kernel parameters

    @Test(
        "a safe sysctl may be written with slashes; dots inside a part become slashes then",
        arguments: [
            ("net.ipv4.tcp_syncookies", "net.ipv4.tcp_syncookies"), ("net/ipv4/tcp_syncookies", "net.ipv4.tcp_syncookies"),
            ("net/ipv4/conf/eth0.1/mtu", "net.ipv4.conf.eth0/1.mtu"), ("net.ipv4.conf.eth0/1.mtu", "net.ipv4.conf.eth0/1.mtu"),
            ("kernel.msgmax", "kernel.msgmax"), ("net.core.somaxconn", "net.core.somaxconn"),
        ])
    func sysctlNames(written: String, name: String) throws {
        let rules = try SysctlRules(allowedUnsafe: ["net.ipv4.conf.*", "kernel/msg*", "net.core.somaxconn"])
        #expect(try rules.checked(written, "1", hostNetwork: false, hostIPC: false) == name)
    }

    @Test(
        "a sysctl that is not allowed, not the pod's own or not a name is refused",
        arguments: [
            ("kernel.msgmax", "1", "", #"forbidden sysctl: "kernel.msgmax" not allowlisted"#),
            ("net.core.somaxconnx", "1", "", "forbidden sysctl"), ("net.core.somaxcon", "1", "", "forbidden sysctl"),
            ("net/ipv4/tcp_syncookies", "1", #""hostNetwork":true"#, #"forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net"#),
            ("kernel.shm_rmid_forced", "1", #""hostIPC":true"#, #"forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc"#),
            ("net.ipv4.../../kernel/core_pattern", "1", "", "\"net.ipv4.../../kernel/core_pattern\" is no sysctl"),
            ("net.dots..x", "1", "", "\"net.dots..x\" is no sysctl"), ("", "1", "", "\"\" is no sysctl"),
            ("net.dots.A b", "1", "", "\"net.dots.A b\" is no sysctl"),
            ("kernel.shm_rmid_forced", "1+kernel.core_pattern=|x", "", "the value of sysctl \"kernel.shm_rmid_forced\""),
            ("kernel.shm_rmid_forced", "1\\nkernel.core_pattern", "", "the value of sysctl"),
        ])
    func sysctlRefused(name: String, value: String, fields: String, message: String) throws {
        let sysctl = #""securityContext":{"sysctls":[{"name":"\#(name)","value":"\#(value)"}]}"#
        let failure = #expect(throws: PlanFailure.self) { try configuration([sysctl, fields].filter { !$0.isEmpty }.joined(separator: ",")) }
        #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
    }

    @Test(
        "the administrator may allow only parameters of a pod's namespaces",
        arguments: ["kernel.core*", "vm.swappiness", "*", "", "net..x", "net.*.x"])
    func unsafePatterns(pattern: String) {
        #expect(throws: PlanFailure.self) { try SysctlRules(allowedUnsafe: [pattern]) }
    }

    private func configuration(_ fields: String) throws -> SandboxConfiguration {
        let pod = try PodLife.pod(#"{"containers":[]\#(fields.isEmpty ? "" : ",")\#(fields)}"#)
        let rules = try SysctlRules(allowedUnsafe: ["net.core.somaxconn", "net.ipv4.*", "net.dots.*"])
        return try SandboxPlan.configuration(of: pod, id: "s", attempt: 0, hostname: "h", resources: ResourceRules(), sysctls: rules)
    }

    // MARK: Names

    @Test(
        "a pod is called by its hostname, else by its name",
        arguments: [
            ("p", "", "p", nil, "p"),
            ("p", #""hostname":"h""#, "h", nil, "h"),
            ("p", #""subdomain":"sub""#, "p", "sub.default.svc.cluster.local", "p"),
            (
                "p", #""hostname":"h","subdomain":"sub","setHostnameAsFQDN":true"#, "h", "sub.default.svc.cluster.local",
                "h.sub.default.svc.cluster.local"
            ),
            ("p", #""setHostnameAsFQDN":true"#, "p", nil, "p"),
            ("p", #""hostnameOverride":"a.b","hostname":"h","subdomain":"sub""#, "a.b", nil, "a.b"),
            ("p", #""hostNetwork":true,"hostname":"h","hostnameOverride":"o""#, "node", nil, "node"),
            (String(repeating: "a", count: 62) + "-b", "", String(repeating: "a", count: 62), nil, String(repeating: "a", count: 62)),
            (String(repeating: "a", count: 70), "", String(repeating: "a", count: 63), nil, String(repeating: "a", count: 63)),
        ] as [(String, String, String, String?, String)])
    func hostname(podName: String, fields: String, name: String, domain: String?, kernelName: String) throws {
        let hostname = try self.hostname(podName, fields)
        #expect(hostname.name == name && hostname.domain == domain && hostname.kernelName == kernelName)
    }

    @Test(
        "an invalid name, or one too long for the kernel, is refused",
        arguments: [
            (#""hostname":"a b""#, #"pod Hostname "a b" is not a valid DNS label"#),
            (#""hostname":"a\n10.0.0.1 api""#, "pod Hostname"), (#""hostname":"-a""#, "pod Hostname"), (#""hostname":"a.b""#, "pod Hostname"),
            (#""subdomain":"A""#, #"pod Subdomain "A" is not a valid DNS label"#),
            (#""hostnameOverride":"a_b""#, #"pod HostnameOverride "a_b" is not a valid DNS subdomain"#),
            (#""hostnameOverride":"\#(String(repeating: "a", count: 65))""#, "pod HostnameOverride"),
            (
                #""subdomain":"\#(String(repeating: "s", count: 40))","setHostnameAsFQDN":true"#,
                "failed to construct FQDN from pod hostname and cluster domain, FQDN p.ssss"
            ),
        ])
    func hostnameRefused(fields: String, message: String) throws {
        let failure = #expect(throws: PlanFailure.self) { try hostname("p", fields) }
        #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
    }

    @Test("with setHostnameAsFQDN the hosts file still has the short name once")
    func hostsOfFullName() throws {
        let hostname = try hostname("p", #""hostname":"h","subdomain":"sub","setHostnameAsFQDN":true"#)
        let text = HostsFile.content(podIPs: ["10.0.0.2", "fd00::2"], hostname: hostname.name, domain: hostname.domain, aliases: [])
        #expect(text.hasSuffix("10.0.0.2\th.sub.default.svc.cluster.local\th\nfd00::2\th.sub.default.svc.cluster.local\th\n"))
    }

    @Test("host aliases follow, on the node's network below the node's own lines")
    func hostAliases() throws {
        let pod = try PodLife.pod(#"{"containers":[],"hostAliases":[{"ip":"10.1.1.1","hostnames":["a","b"]},{"ip":"10.1.1.2"}]}"#)
        let aliases = pod.spec.hostAliases ?? []
        let expected = "\n# Entries added by HostAliases.\n10.1.1.1\ta\tb\n10.1.1.2\t\n"
        #expect(HostsFile.content(podIPs: [], hostname: "p", domain: nil, aliases: aliases).hasSuffix(expected))
        #expect(
            HostsFile.hostNetworkContent(nodeFile: "127.0.0.1 localhost\n", aliases: aliases)
                == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n" + expected)
    }

    private func hostname(_ podName: String, _ fields: String) throws -> PodHostname {
        let pod = try PodLife.pod(#"{"containers":[]\#(fields.isEmpty ? "" : ",")\#(fields)}"#, name: podName)
        return try PodHostname(of: pod, nodeName: "node", clusterDomain: "cluster.local")
    }
}
