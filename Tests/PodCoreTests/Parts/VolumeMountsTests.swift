import Testing

@testable import PodCore

@Suite("Volumes of a pod")
struct VolumeMountsTests {
    @Test("a mount that fails is repeated after half a second, then after twice as long each time")
    func pauses() {
        var volumes = VolumeMounts(names: ["v"])
        var now = Duration.zero
        var pauses: [Duration] = []
        for _ in 0..<10 {
            var decision = Decision()
            volumes.decide(["v"], at: now, into: &decision)
            #expect(decision.actions == [.mountVolume(name: "v")])
            volumes.receive(.failed(VolumeFailure(.system, "no")), of: "v", at: now, into: &decision)
            var next = Decision()
            volumes.decide(["v"], at: now, into: &next)
            #expect(next.actions.isEmpty)
            pauses.append((next.nextWake ?? now) - now)
            now = next.nextWake ?? now
        }
        let milliseconds = [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 122_000, 122_000]
        #expect(pauses == milliseconds.map { .milliseconds($0) })
    }

    @Test("a result without a mount under way changes nothing")
    func lateResult() {
        var volumes = VolumeMounts(names: ["v"])
        var decision = Decision()
        volumes.receive(.mounted(path: "/early"), of: "v", at: .zero, into: &decision)
        #expect(volumes.paths.isEmpty && !volumes.areMounted)
        volumes.decide(["v"], at: .zero, into: &decision)
        volumes.receive(.mounted(path: "/v"), of: "v", at: .zero, into: &decision)
        volumes.receive(.failed(VolumeFailure(.system, "late")), of: "v", at: .zero, into: &decision)
        #expect(volumes.paths == ["v": "/v"] && volumes.areMounted)
        #expect(decision.actions == [.mountVolume(name: "v")])
    }
}
