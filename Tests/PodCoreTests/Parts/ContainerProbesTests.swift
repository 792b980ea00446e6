import FoundationEssentials
import KubeModel
import Testing

@testable import PodCore

@Suite("Probes of a container")
struct ContainerProbesTests {
    private func container(_ fields: String) throws -> Container {
        try JSONDecoder().decode(Container.self, from: Data(#"{"name":"c","image":"b",\#(fields)}"#.utf8))
    }

    private func probes(_ fields: String) throws -> ContainerProbes { ContainerProbes(try container(fields), started: .zero) }

    /// The probes of an earlier agent's container, which started at zero, as the agent that starts at 100 seconds takes them over.
    private func adopted(_ fields: String, id: String = "c1", isStarted: Bool, isReady: Bool) throws -> ContainerProbes {
        var status = ContainerStatus(name: "c", image: "b")
        status.started = isStarted
        status.ready = isReady
        return ContainerProbes(try container(fields), id: id, started: .zero, known: status, at: .seconds(100))
    }

    /// The times in seconds at which a probe runs that answers with these results, and where it ends up.
    private func runs(_ probes: inout ContainerProbes, _ results: [(ProbeKind, Bool?)], from now: Duration = .zero) -> [Int] {
        var now = now
        var times: [Int] = []
        for (kind, isSuccess) in results {
            var due = probes.takeDue(at: now, isEnding: false)
            while !due.kinds.contains(kind), let next = due.next {
                now = next
                due = probes.takeDue(at: now, isEnding: false)
            }
            guard due.kinds.contains(kind) else { return times + [-1] }
            times.append(Int(now.components.seconds))
            _ = probes.receive(kind, isSuccess: isSuccess, at: now)
        }
        return times
    }

    @Test("without probes a container is started and ready at once") func none() throws {
        var probes = try probes(#""command":[]"#)
        #expect(probes.isStarted && probes.isReady && probes.failure == nil)
        let due = probes.takeDue(at: .zero, isEnding: false)
        #expect(due.kinds.isEmpty && due.next == nil)
    }

    @Test("the first run follows the initial delay, the others the period") func times() throws {
        var probes = try probes(#""readinessProbe":{"initialDelaySeconds":7,"periodSeconds":3}"#)
        #expect(runs(&probes, Array(repeating: (.readiness, true), count: 3)) == [7, 10, 13])
        var defaults = try self.probes(#""livenessProbe":{}"#)
        #expect(runs(&defaults, Array(repeating: (.liveness, true), count: 3)) == [10, 20, 30])
    }

    @Test("a run that takes longer than the period is followed by the next one at once") func slow() throws {
        var probes = try probes(#""readinessProbe":{"periodSeconds":1}"#)
        #expect(probes.takeDue(at: .zero, isEnding: false).kinds == [.readiness])
        #expect(probes.takeDue(at: .seconds(5), isEnding: false).kinds == [])
        _ = probes.receive(.readiness, isSuccess: true, at: .seconds(5))
        #expect(probes.takeDue(at: .seconds(5), isEnding: false).kinds == [.readiness])
    }

    @Test(
        "readiness turns with its thresholds, in a row",
        arguments: [
            ([true], true), ([true, false, false], true), ([true, false, false, false], false), ([true, false, false, true, false, false], true),
            ([true, false, false, nil, false], false), ([true, false, false, false, true], true), ([false], false), ([nil], false),
        ] as [([Bool?], Bool)])
    func readiness(results: [Bool?], isReady: Bool) throws {
        var probes = try probes(#""readinessProbe":{"failureThreshold":3}"#)
        #expect(!probes.isReady)
        _ = runs(&probes, results.map { (.readiness, $0) })
        #expect(probes.isReady == isReady && probes.isStarted && probes.failure == nil)
    }

    @Test("success counts from its own threshold on") func successThreshold() throws {
        var probes = try probes(#""readinessProbe":{"successThreshold":2}"#)
        _ = runs(&probes, [(.readiness, true), (.readiness, false), (.readiness, true)])
        #expect(!probes.isReady)
        _ = runs(&probes, [(.readiness, true)], from: .seconds(30))
        #expect(probes.isReady)
    }

    @Test("a failed liveness probe ends the container, with its own grace period, and does not run again") func liveness() throws {
        var probes = try probes(#""livenessProbe":{"failureThreshold":2,"terminationGracePeriodSeconds":5}"#)
        #expect(runs(&probes, [(.liveness, true), (.liveness, false), (.liveness, true), (.liveness, false)]) == [10, 20, 30, 40])
        #expect(probes.failure == nil)
        _ = runs(&probes, [(.liveness, false)], from: .seconds(50))
        #expect(probes.failure == ContainerProbes.Failure(kind: .liveness, grace: .seconds(5)))
        #expect(probes.takeDue(at: .seconds(1000), isEnding: false).kinds == [])
    }

    @Test("the startup probe holds the others back, and runs until it succeeds once") func startup() throws {
        var probes = try probes(#""startupProbe":{"periodSeconds":2},"livenessProbe":{"initialDelaySeconds":3},"readinessProbe":{}"#)
        #expect(runs(&probes, [(.startup, false), (.startup, false)]) == [0, 2])
        #expect(!probes.isStarted && !probes.isReady)
        #expect(runs(&probes, [(.startup, true)], from: .seconds(4)) == [4])
        #expect(probes.isStarted && !probes.isReady)
        let due = probes.takeDue(at: .seconds(4), isEnding: false)
        #expect(Set(due.kinds) == [.liveness, .readiness] && due.next == nil)
        _ = probes.receive(.readiness, isSuccess: true, at: .seconds(4))
        #expect(probes.isReady)
    }

    @Test("a startup probe that fails for its threshold of periods ends the container; a look before the first period is over does not count")
    func startupFails() throws {
        var probes = try probes(#""startupProbe":{"failureThreshold":2},"livenessProbe":{}"#)
        #expect(runs(&probes, [(.startup, false), (.startup, false)]) == [0, 10])
        #expect(probes.failure == nil)
        #expect(runs(&probes, [(.startup, false)], from: .seconds(20)) == [20])
        #expect(probes.failure == ContainerProbes.Failure(kind: .startup, grace: nil))
        #expect(probes.takeDue(at: .seconds(1000), isEnding: false).kinds == [])
    }

    @Test("when the pod ends, only readiness goes on") func ending() throws {
        var probes = try probes(#""livenessProbe":{},"readinessProbe":{"failureThreshold":1}"#)
        _ = runs(&probes, [(.readiness, true)])
        #expect(probes.takeDue(at: .seconds(60), isEnding: true).kinds == [.readiness])
        let counts = (
            liveness: probes.receive(.liveness, isSuccess: false, at: .seconds(60)),
            readiness: probes.receive(.readiness, isSuccess: false, at: .seconds(60))
        )
        #expect(!counts.liveness && counts.readiness)
        #expect(probes.failure == nil && !probes.isReady)
    }

    @Test("a container of an earlier agent stays started and ready until a probe says otherwise") func adoption() throws {
        let fields = #""startupProbe":{},"readinessProbe":{"failureThreshold":1}"#
        var probes = try adopted(fields, isStarted: true, isReady: true)
        #expect(probes.isStarted && probes.isReady)
        let next = probes.takeDue(at: .seconds(100), isEnding: false).next
        let first = try #require(next)
        #expect(first > .seconds(100) && first <= .seconds(110))
        let due = probes.takeDue(at: first, isEnding: false)
        #expect(due.kinds == [.readiness])
        _ = probes.receive(.readiness, isSuccess: false, at: first)
        #expect(!probes.isReady)
        #expect(try !adopted(fields, isStarted: false, isReady: false).isStarted)
    }

    @Test("the first runs after an agent's start are spread over a period") func spread() throws {
        var tenths: Set<Int64> = []
        for number in 0..<100 {
            var probes = try adopted(#""livenessProbe":{}"#, id: "container-\(number)", isStarted: true, isReady: true)
            let due = probes.takeDue(at: .seconds(100), isEnding: false)
            tenths.insert((due.next ?? .zero).components.seconds)
        }
        #expect(tenths.count >= 8 && tenths.allSatisfy { (100...110).contains($0) })
    }
}
