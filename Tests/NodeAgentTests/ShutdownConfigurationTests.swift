import PodCore
import Testing

@testable import NodeAgent

@Suite("Configured times for a shutdown")
struct ShutdownConfigurationTests {
    private func plan(_ body: String) throws -> ShutdownPlan {
        let text = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + body
        return try ConfigurationLoader.parse([("a.yaml", text)]).kubelet.shutdown
    }

    @Test("two times make two groups, none is none") func twoTimes() throws {
        #expect(try plan("").isEmpty)
        #expect(try plan("shutdownGracePeriod: 0s\nshutdownGracePeriodCriticalPods: 0s\n").isEmpty)
        #expect(try plan("shutdownGracePeriod: 1m30s\nshutdownGracePeriodCriticalPods: 30s\n") == ShutdownPlan(total: 90, critical: 30))
    }

    @Test("times by priority") func byPriority() throws {
        let found = try plan(
            "shutdownGracePeriodByPodPriority:\n- {priority: 100, shutdownGracePeriodSeconds: 10}\n- {priority: -1, shutdownGracePeriodSeconds: 5}\n")
        #expect(found.periods == [ShutdownPeriod(priority: -1, seconds: 5), ShutdownPeriod(priority: 100, seconds: 10)])
    }

    @Test(
        "times that contradict each other are refused",
        arguments: [
            ("shutdownGracePeriod: 500ms\n", "at least 1s"),
            ("shutdownGracePeriod: 10s\nshutdownGracePeriodCriticalPods: 11s\n", "of which it is a part"),
            ("shutdownGracePeriodCriticalPods: 5s\n", "of which it is a part"),
            ("shutdownGracePeriod: 10s\nshutdownGracePeriodByPodPriority: [{priority: 1, shutdownGracePeriodSeconds: 1}]\n", "wanted one of them"),
            ("shutdownGracePeriodByPodPriority: [{priority: x}]\n", "a whole number"),
        ])
    func refused(body: String, words: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try plan(body) }
        #expect("\(error)".contains(words), "\(error)")
    }
}
