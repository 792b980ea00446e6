import PodCore
import Testing

@Suite struct PodBandwidthTests {
    @Test("limits are quantities of bits per second, each for itself") func limits() throws {
        #expect(try PodBandwidth(annotations: nil) == PodBandwidth())
        #expect(try PodBandwidth(annotations: ["other": "1"]) == PodBandwidth())
        #expect(try PodBandwidth(annotations: ["kubernetes.io/ingress-bandwidth": "10M"]) == PodBandwidth(ingress: 10_000_000))
        #expect(try PodBandwidth(annotations: ["kubernetes.io/egress-bandwidth": "1k"]) == PodBandwidth(egress: 1000))
    }

    @Test("a limit that cannot be meant is refused with its text", arguments: ["", "999", "2P", "fast", "-1M", "10 M"])
    func refused(text: String) {
        let error = #expect(throws: NetworkFailure.self) { try PodBandwidth(annotations: ["kubernetes.io/egress-bandwidth": text]) }
        #expect(error?.code == .invalidBandwidth && error?.message.contains("\"\(text)\"") == true)
    }
}
