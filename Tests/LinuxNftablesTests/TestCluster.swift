import Addresses
import Glibc
import KubeModel
import LinuxNetlink
import LinuxNftables
import LinuxSystem
import Logging
import Nftables
import ProxyAgent
import ProxyCore
import Synchronization

/// A node with a bridge and two pods, and a machine outside of it, each in a namespace of its own.
///
///     outside 192.168.77.99 -- 192.168.77.11 node 10.244.0.1 -- bridge -- pods 10.244.0.2, 10.244.0.3
final class TestCluster: Sendable {
    let node: TestNamespace
    let outside: TestNamespace
    let pods: [TestNamespace]
    /// Programs that serve; ended with the cluster.
    private let processes = Mutex<[Int32]>([])

    static let podAddresses = ["10.244.0.2", "10.244.0.3"]
    static let nodeAddress = "192.168.77.11"
    static let configuration = ProxyConfiguration(
        nodeName: "node-a", nodePortAddresses: [IPAddress(nodeAddress)!], podCIDRs: [CIDR("10.244.0.0/24")!],
        clusterCIDRs: [CIDR("10.244.0.0/16")!], masqueradesPodEgress: true)

    init() throws {
        node = try TestNamespace()
        outside = try TestNamespace()
        pods = [try TestNamespace(), try TestNamespace()]
        try node.run(
            """
            sysctl -qw net.ipv4.ip_forward=1 && ip link add cni0 type bridge && ip addr add 10.244.0.1/24 dev cni0 && ip link set cni0 up && \
            sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.cni0.send_redirects=0
            """)
        try node.run(
            "ip link add eth0 type veth peer name eth0 netns \(outside.path) && ip addr add 192.168.77.11/24 dev eth0 && ip link set eth0 up")
        try node.run("ip route add default via 192.168.77.99")
        try outside.run("ip addr add 192.168.77.99/24 dev eth0 && ip link set eth0 up && ip route add 10.96.0.0/16 via 192.168.77.11")
        for (index, pod) in pods.enumerated() {
            try node.run(
                "ip link add veth\(index) type veth peer name eth0 netns \(pod.path) && ip link set veth\(index) master cni0 up && ip link set veth\(index) type bridge_slave hairpin on"
            )
            // Pods talk through the node even with their neighbours, so that answers pass its connection tracking.
            try pod.run(
                """
                ip addr add \(Self.podAddresses[index])/32 dev eth0 && ip link set eth0 up && ip route add 10.244.0.1 dev eth0 && \
                ip route add default via 10.244.0.1
                """)
        }
    }

    deinit {
        for process in processes.withLock({ $0 }) { kill(process, SIGKILL) }
    }

    /// Serves TCP and UDP on a port of a pod: answers every connection or datagram with `<tag> <address of the client>`.
    func serve(_ place: TestNamespace, tag: String, port: Int = 8080) throws {
        let program = """
            import socket, threading
            def udp():
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", \(port)))
                while True:
                    d, a = s.recvfrom(99); s.sendto(("\(tag) " + a[0]).encode(), a)
            threading.Thread(target=udp, daemon=True).start()
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", \(port))); s.listen(64)
            print("ready", flush=True)
            while True:
                c, a = s.accept(); c.sendall(("\(tag) " + a[0]).encode()); c.close()
            """
        let file = try Self.write(program)
        defer { unlink(file) }
        let output = "/tmp/swiftlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).out"
        defer { unlink(output) }
        let (text, _) = TestNamespace.shell("nsenter --net=\(place.path) python3 \(file) >\(output) 2>&1 & echo $!")
        guard let pid = Int32(text.filter(\.isNumber)) else { throw TestNamespace.Failure(description: text) }
        processes.withLock { $0.append(pid) }
        _ = TestNamespace.shell("i=0; while ! grep -q ready \(output) && [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done")
    }

    private static func write(_ program: String) throws -> String {
        let path = "/tmp/swiftlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).py"
        guard let file = fopen(path, "w") else { throw TestNamespace.Failure(description: "cannot write \(path)") }
        fputs(program, file)
        fclose(file)
        return path
    }

    /// Asks `count` times from `place`; one answer per line: what the server said, or the name of the error.
    func ask(_ place: TestNamespace, _ address: String, _ port: Int, udp: Bool = false, count: Int = 1, patience: Double = 3) throws -> [String] {
        let program = """
            import socket, errno
            for i in range(\(count)):
                s = socket.socket(socket.AF_INET, socket.\(udp ? "SOCK_DGRAM" : "SOCK_STREAM")); s.settimeout(\(patience))
                try:
                    s.connect(("\(address)", \(port)))
                    \(udp ? "s.send(b'x')" : "pass")
                    print(s.recv(99).decode())
                except socket.timeout: print("timeout")
                except OSError as e: print(errno.errorcode.get(e.errno, str(e)))
                s.close()
            """
        let file = try Self.write(program)
        defer { unlink(file) }
        return try place.run("python3 \(file)").split(separator: "\n").map(String.init)
    }

    static func service(
        _ name: String, ip: String, _ ports: [ServicePort], type: String? = nil
    ) -> Service {
        Service(metadata: ObjectMeta(name: name, namespace: "default"), spec: ServiceSpec(type: type, clusterIPs: [ip], ports: ports))
    }

    static func slice(
        _ service: String, _ addresses: [String], ports: [EndpointSlice.Port] = [.init(name: "", protocol: "TCP", port: 8080)]
    ) -> EndpointSlice {
        EndpointSlice(
            metadata: ObjectMeta(name: service + "-x", namespace: "default", labels: ["kubernetes.io/service-name": service]),
            addressType: "IPv4", endpoints: addresses.map { .init(addresses: [$0], nodeName: "node-a") }, ports: ports)
    }
}
