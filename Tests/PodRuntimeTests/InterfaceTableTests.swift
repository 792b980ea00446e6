import PodCore
import TestSupport
import Testing

@testable import PodRuntime

@Suite("Counters of interfaces") struct InterfaceTableTests {
    private static let heading = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed

        """

    private func table(_ lines: String, isWanted: (ArraySlice<UInt8>) -> Bool = InterfaceTable.isOwn) -> [InterfaceCounters] {
        InterfaceTable(Array((Self.heading + lines).utf8), isWanted: isWanted).interfaces
    }

    @Test("both directions are read, without the loopback and the ends of pods' pairs") func counters() {
        let found = table(
            """
                lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
              eth0: 10597654     275    1    2    0     0          0         0    17595     207    3    4    0     0       0          0
            swl01234567890:  1       1    0    0    0     0          0         0    1     1    0    0    0     0       0          0
             veth12:  1       1    0    0    0     0          0         0    1     1    0    0    0     0       0          0
            bond0.7:18446744073709551615 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0

            """)
        #expect(
            found == [
                InterfaceCounters(
                    name: "eth0", received: .init(bytes: 10_597_654, packets: 275, errors: 1, dropped: 2),
                    sent: .init(bytes: 17595, packets: 207, errors: 3, dropped: 4)),
                InterfaceCounters(name: "bond0.7", received: .init(bytes: .max, packets: 1), sent: .init(bytes: 5, packets: 1)),
            ])
    }

    @Test("a name with colons is a name, and lines of another form are skipped") func otherLines() {
        let numbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
        #expect(table("a:b: \(numbers)\n").map(\.name) == ["a:b"])
        for line in [
            "eth0 \(numbers)", ": \(numbers)", "eth0: 1 2 3", "eth0: x \(numbers)", "eth0: -1 \(numbers)", "eth0: 18446744073709551616 \(numbers)",
        ] {
            #expect(table(line + "\n").isEmpty, "\(line)")
        }
        #expect(InterfaceTable([], isWanted: { _ in true }).interfaces.isEmpty)
    }

    @Test("no bytes stop the reader", arguments: 0..<200) func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("eth0: 129\n\t|x".utf8) + [0, 255]
        let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
        for interface in InterfaceTable(bytes, isWanted: { _ in true }).interfaces { #expect(!interface.name.isEmpty) }
    }

    @Test("the default route of the least metric names the node's interface") func defaultRoute() {
        let heading = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        let routes = [
            "eth1\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0", "wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0",
            "ens3\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0",
        ]
        #expect(DefaultRoute.interface(heading + routes.joined(separator: "\n") + "\n") == "ens3")
        #expect(DefaultRoute.interface(heading + routes[0] + "\n") == nil && DefaultRoute.interface("") == nil)
    }
}
