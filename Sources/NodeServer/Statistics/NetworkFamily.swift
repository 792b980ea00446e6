import Exposition
import PodCore

/// A family of `/metrics/cadvisor` with one figure for each interface of a network namespace.
struct NetworkFamily: Sendable {
    let name: String
    let help: String
    let value: @Sendable (InterfaceCounters) -> UInt64

    func write(_ networks: [ContainerRows.Network], to writer: inout ExpositionWriter) {
        guard networks.contains(where: { !$0.interfaces.isEmpty }) else { return }
        writer.family(name, help: help, kind: .counter)
        for network in networks {
            for interface in network.interfaces {
                writer.sample(
                    name, network.labels.adding(MetricLabel("interface", interface.name)), value: Double(value(interface)),
                    milliseconds: network.milliseconds)
            }
        }
    }

    static let all: [NetworkFamily] = [
        NetworkFamily(name: "container_network_receive_bytes_total", help: "Cumulative count of bytes received") { $0.received.bytes },
        NetworkFamily(
            name: "container_network_receive_errors_total", help: "Cumulative count of errors encountered while receiving"
        ) { $0.received.errors },
        NetworkFamily(
            name: "container_network_receive_packets_dropped_total", help: "Cumulative count of packets dropped while receiving"
        ) { $0.received.dropped },
        NetworkFamily(name: "container_network_receive_packets_total", help: "Cumulative count of packets received") { $0.received.packets },
        NetworkFamily(name: "container_network_transmit_bytes_total", help: "Cumulative count of bytes transmitted") { $0.sent.bytes },
        NetworkFamily(
            name: "container_network_transmit_errors_total", help: "Cumulative count of errors encountered while transmitting"
        ) { $0.sent.errors },
        NetworkFamily(
            name: "container_network_transmit_packets_dropped_total", help: "Cumulative count of packets dropped while transmitting"
        ) { $0.sent.dropped },
        NetworkFamily(name: "container_network_transmit_packets_total", help: "Cumulative count of packets transmitted") { $0.sent.packets },
    ]
}
