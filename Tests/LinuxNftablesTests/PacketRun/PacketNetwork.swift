import Addresses
import ServiceCases

/// A node with a bridge and pods, and other machines behind links of their own, so that every packet between two of them passes the node.
///
///     pods 10.244.0.x -- bridge swl0 10.244.0.1 -- node 192.168.77.11 -- eth0: the world
///                                                       10.99.1.1     -- eth1: another node 192.168.77.12
///                                                       10.99.2.1     -- eth2: pods of other nodes
///                                                       10.99.3.1     -- eth3: clients from outside
///
/// The node has another address on each link: the source that a machine sees tells whether a client was masqueraded.
final class PacketNetwork: Sendable {
    let addresses: PacketAddresses
    let machines: [PacketPlace: TestNamespace]
    /// The addresses that masqueraded clients get.
    let nodeAddresses: Set<IPAddress>

    var node: TestNamespace { machines[.node]! }

    /// - Parameter witness: has a link to each machine, which is gone when the machine's namespace is.
    init(_ cases: [ServiceCase], witness: TestNamespace) throws {
        addresses = PacketAddresses(cases)
        var owned: [PacketPlace: [IPAddress]] = [:]
        for address in addresses.all { owned[addresses.place(of: address), default: []].append(address) }
        var machines: [PacketPlace: TestNamespace] = [:]
        let node = try TestNamespace()
        machines[.node] = node
        try Self.prepare(node)
        for (index, place) in PacketPlace.remote.enumerated() {
            let machine = try TestNamespace()
            machines[place] = machine
            try Self.link(machine, to: node, index, owned[place] ?? [])
        }
        for case (.pod(let number), let own) in owned {
            let pod = try TestNamespace()
            machines[.pod(number)] = pod
            try Self.connect(pod, to: node, number, own)
        }
        for (index, machine) in machines.values.enumerated() {
            try machine.run("ip link add witness type veth peer name machine\(index) netns \(witness.path)")
        }
        self.machines = machines
        nodeAddresses = Set(
            PacketPlace.remote.indices.flatMap { [Self.linkAddress($0, .v4, isNode: true), Self.linkAddress($0, .v6, isNode: true)] }
                + Self.gateways)
    }

    func machine(of packet: ServicePacket) -> TestNamespace { packet.isFromNode ? node : machines[addresses.place(of: packet.source)]! }

    /// The pods' gateways.
    private static let gateways = [IPAddress("10.244.0.1")!, IPAddress("fd44::1")!]

    private static func linkAddress(_ index: Int, _ family: IPAddress.Family, isNode: Bool) -> IPAddress {
        switch (index, family) {
        case (0, .v4): IPAddress(isNode ? "192.168.77.11" : "192.168.77.1")!
        case (0, .v6): IPAddress(isNode ? "fd77::11" : "fd77::1")!
        case (_, .v4): IPAddress("10.99.\(index).\(isNode ? 1 : 2)")!
        case (_, .v6): IPAddress("fd99:0:0:\(index)::\(isNode ? 1 : 2)")!
        }
    }

    /// The kernel limits its refusals by ICMP, and would find duplicate addresses where none can be.
    private static func prepare(_ node: TestNamespace) throws {
        try node.run(
            """
            cd /proc/sys/net && echo 1 > ipv4/ip_forward && echo 1 > ipv6/conf/all/forwarding && echo 0 > ipv4/icmp_ratelimit && \
            echo 0 > ipv6/icmp/ratelimit && echo 0 > ipv4/conf/all/rp_filter && echo 0 > ipv4/conf/default/rp_filter && \
            echo 0 > ipv4/conf/all/send_redirects && echo 0 > ipv4/conf/default/send_redirects && \
            echo 0 > ipv6/conf/all/accept_dad && echo 0 > ipv6/conf/default/accept_dad
            """)
        try batch(
            node,
            [
                "link add swl0 type bridge", "link set swl0 up", "address add \(gateways[0])/24 dev swl0",
                "address add \(gateways[1])/64 dev swl0 nodad",
            ])
    }

    private static func link(_ machine: TestNamespace, to node: TestNamespace, _ index: Int, _ own: [IPAddress]) throws {
        let link = "eth\(index)"
        var here = ["link add \(link) type veth peer name eth0 netns \(machine.path)", "link set \(link) up"]
        var there = ["link set eth0 up"]
        for family in IPAddress.Family.allCases {
            let (near, far) = (linkAddress(index, family, isNode: true), linkAddress(index, family, isNode: false))
            here.append("address add \(near)/\(family == .v4 ? "24" : "64 nodad") dev \(link)")
            there += addition(of: far) + defaultRoute(via: near)
            if index == 0 { here.append("route add default via \(far)") }
        }
        for address in own {
            there += addition(of: address)
            if index > 0 { here.append("route add \(address) via \(linkAddress(index, address.family, isNode: false))") }
        }
        try batch(node, here)
        try batch(machine, there)
    }

    private static func connect(_ pod: TestNamespace, to node: TestNamespace, _ number: UInt8, _ own: [IPAddress]) throws {
        let link = "veth\(number)"
        try batch(
            node,
            [
                "link add \(link) type veth peer name eth0 netns \(pod.path)", "link set \(link) master swl0 up",
                "link set \(link) type bridge_slave hairpin on",
            ])
        try batch(
            pod,
            ["link set eth0 up"] + own.flatMap(addition) + gateways.flatMap(defaultRoute))
    }

    private static func addition(of address: IPAddress) -> [String] { ["address add \(address) dev eth0" + (address.isV6 ? " nodad" : "")] }

    /// Only the node is on the link of a machine: also a neighbour is reached through it.
    private static func defaultRoute(via node: IPAddress) -> [String] { ["route add \(node) dev eth0", "route add default via \(node)"] }

    private static func batch(_ machine: TestNamespace, _ lines: [String]) throws {
        try machine.run("ip -batch - <<END\n" + lines.joined(separator: "\n") + "\nEND")
    }
}
