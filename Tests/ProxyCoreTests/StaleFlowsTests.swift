import Addresses
import ProxyCore
import Testing

@Suite struct StaleFlowsTests {
    static func frontend(_ address: String, _ port: UInt16 = 53, _ transport: TransportProtocol = .udp) -> Frontend {
        Frontend(address: IPAddress(address)!, transport: transport, port: port)
    }

    static func target(_ address: String, _ port: UInt16 = 5353) -> Endpoint.Target { Endpoint.Target(address: IPAddress(address)!, port: port) }

    static func flow(_ address: String, _ answering: String, port: UInt16 = 53, isTranslated: Bool = true, isAnswered: Bool = true) -> TrackedFlow {
        TrackedFlow(frontend: frontend(address, port), answering: target(answering), isTranslated: isTranslated, isAnswered: isAnswered)
    }

    @Test(
        "a flow to a Service is stale when none of its endpoints answers it",
        arguments: [
            (flow("10.96.0.1", "10.244.0.2"), false), (flow("10.96.0.1", "10.244.0.3"), true), (flow("10.96.0.1", "10.244.0.2", port: 54), false),
            (flow("10.96.0.2", "10.244.0.2"), true), (flow("10.96.0.9", "10.244.0.3"), false),
            (flow("10.96.0.1", "10.96.0.1", isTranslated: false), true),
        ])
    func services(flow: TrackedFlow, isStale: Bool) {
        let stale = StaleFlows.answeredElsewhere([Self.frontend("10.96.0.1"): [Self.target("10.244.0.2")], Self.frontend("10.96.0.2"): []])
        #expect(stale.contains(flow) == isStale)
    }

    @Test(
        "a flow to a new host port is stale when it was neither translated nor answered",
        arguments: [
            (flow("192.0.2.10", "192.0.2.10", isTranslated: false, isAnswered: false), true),
            (flow("192.0.2.10", "192.0.2.10", isTranslated: true, isAnswered: false), false),
            (flow("192.0.2.10", "192.0.2.10", isTranslated: false, isAnswered: true), false),
            (flow("192.0.2.10", "192.0.2.10", port: 54, isTranslated: false, isAnswered: false), false),
            (flow("127.0.0.1", "127.0.0.1", port: 99, isTranslated: false, isAnswered: false), true),
            (flow("192.0.2.10", "192.0.2.10", port: 99, isTranslated: false, isAnswered: false), false),
            (flow("fd00::1", "fd00::1", isTranslated: false, isAnswered: false), false),
        ])
    func newHostPorts(flow: TrackedFlow, isStale: Bool) {
        let stale = StaleFlows.untranslated([Self.frontend("0.0.0.0"), Self.frontend("127.0.0.1", 99)])
        #expect(stale.contains(flow) == isStale)
    }

    @Test(
        "a flow of a given-up host port is stale while it leads to the pod, whatever address of the node it came to",
        arguments: [
            (flow("192.0.2.10", "10.7.0.2"), true), (flow("127.0.0.1", "10.7.0.2"), true), (flow("192.0.2.10", "10.7.0.3"), false),
            (flow("192.0.2.10", "10.7.0.2", isTranslated: false), false), (flow("192.0.2.10", "10.7.0.2", port: 54), false),
        ])
    func formerHostPorts(flow: TrackedFlow, isStale: Bool) {
        let stale = StaleFlows.leading([Self.frontend("0.0.0.0"): Self.target("10.7.0.2")])
        #expect(stale.contains(flow) == isStale)
    }
}
