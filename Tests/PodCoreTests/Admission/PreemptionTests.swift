import KubeModel
import TestSupport
import Testing

@testable import PodCore

@Suite("Pods that make room for a critical pod")
struct PreemptionTests {
    private static let critical = Place.pod("critical", priority: 2_000_000_000)

    private func lacking(pods: Int128 = 0, cpu: Int128 = 0, memory: Int128 = 0) -> [InsufficientResource] {
        [("pods", pods), ("cpu", cpu), ("memory", memory)].filter { $0.1 > 0 }.map {
            InsufficientResource(name: $0.0, requested: $0.1, used: 0, capacity: 0)
        }
    }

    private func victims(_ shortages: [InsufficientResource], _ pods: [Pod], for preemptor: Pod = critical) -> [String]? {
        Preemption(for: preemptor, lacking: shortages).victims(among: pods)?.map(\.name)
    }

    @Test("guaranteed pods are spared where burstable ones are enough, and those where best-effort ones are")
    func classes() {
        let pods = [
            Place.pod("guaranteed", cpu: "1", memory: "1", isGuaranteed: true), Place.pod("burstable", cpu: "1"), Place.pod("best-effort"),
        ]
        #expect(victims(lacking(cpu: 500), pods) == ["burstable"])
        #expect(victims(lacking(cpu: 1500), pods) == ["burstable", "guaranteed"])
        #expect(victims(lacking(pods: 1), pods) == ["best-effort"])
        #expect(victims(lacking(pods: 1, cpu: 500), pods) == ["burstable"])
        #expect(victims(lacking(pods: 2, cpu: 500), pods) == ["best-effort", "burstable"])
        #expect(victims(lacking(cpu: 2001), pods) == nil)
    }

    @Test("few pods are ended, and of those that are enough the one with the smallest requests, memory before CPU, the youngest of equal ones")
    func fewAndSmall() {
        let pods = [Place.pod("a", cpu: "60m"), Place.pod("b", cpu: "50m"), Place.pod("c", cpu: "45m"), Place.pod("d", cpu: "300m")]
        #expect(victims(lacking(cpu: 40), pods) == ["c"])
        #expect(victims(lacking(cpu: 100), pods) == ["d"])
        #expect(Set(victims(lacking(cpu: 100), Array(pods.dropLast())) ?? []) == ["a", "c"])
        let equal = [
            Place.pod("young", cpu: "1", memory: "1", created: 9), Place.pod("old", cpu: "1", memory: "1"), Place.pod("large", cpu: "1", memory: "2"),
        ]
        #expect(victims(lacking(cpu: 10), equal) == ["young"])
    }

    @Test("each missing resource has the same weight")
    func weights() {
        let pods = [Place.pod("cpu", cpu: "900m", memory: "0"), Place.pod("both", cpu: "600m", memory: "600Mi")]
        #expect(victims(lacking(cpu: 500, memory: 500 << 20), pods) == ["both"])
    }

    @Test("a pod that pods chosen after it make needless is spared")
    func needless() {
        let pods = [Place.pod("both", cpu: "60m", memory: "60"), Place.pod("cpu", cpu: "100m"), Place.pod("memory", memory: "100")]
        #expect(Set(victims(lacking(cpu: 100, memory: 100), pods) ?? []) == ["cpu", "memory"])
    }

    @Test("critical pods are ended only for pods of a higher priority; static and mirror pods without one never")
    func criticalPods() {
        func annotated(_ annotation: String, _ value: String) -> Pod {
            var pod = Place.pod("other", cpu: "1")
            pod.metadata.annotations = [annotation: value]
            return pod
        }
        let higher = Place.pod("higher", priority: 2_000_001_000)
        let pods = [Place.pod("other", cpu: "1", priority: 2_000_000_000)]
        #expect(victims(lacking(cpu: 1), pods) == nil)
        #expect(victims(lacking(cpu: 1), pods, for: higher) == ["other"])
        #expect(victims(lacking(cpu: 1), [annotated(Pod.sourceAnnotation, "file")], for: higher) == nil)
        #expect(victims(lacking(cpu: 1), [annotated(Pod.mirrorAnnotation, "x")], for: higher) == nil)
        #expect(victims(lacking(cpu: 1), [annotated(Pod.sourceAnnotation, "api")]) == ["other"])
    }

    @Test("whatever runs, the victims are enough, each of them is needed, and there are some exactly if ending all would be enough")
    func property() {
        var random = SeededGenerator(seed: 7)
        var sizes: Set<Int> = []
        for round in 0..<400 {
            let pods = (0..<Int.random(in: 0...9, using: &random)).map { index in
                Place.pod(
                    "p\(index)", cpu: random.oneIn(4) ? nil : "\(Int.random(in: 1...900, using: &random))m",
                    memory: random.oneIn(4) ? nil : "\(Int.random(in: 1...900, using: &random))", isGuaranteed: random.oneIn(3),
                    priority: random.oneIn(8) ? 2_000_000_000 : 0, created: Int64.random(in: 0...3, using: &random))
            }
            let shortages = lacking(
                pods: Int128(Int.random(in: 0...2, using: &random)), cpu: Int128(Int.random(in: 0...1500, using: &random)),
                memory: Int128(Int.random(in: 0...1500, using: &random)))
            func isEnough(_ ended: [Pod]) -> Bool {
                shortages.allSatisfy { shortage in ended.reduce(0) { $0 + ResourceAmounts(requestedBy: $1)[shortage.name] } >= shortage.missing }
            }
            let endable = pods.filter { $0.spec.priority == 0 }
            guard let victims = Preemption(for: Self.critical, lacking: shortages).victims(among: pods) else {
                #expect(!isEnough(endable), "round \(round)")
                continue
            }
            sizes.insert(victims.count)
            #expect(isEnough(victims), "round \(round)")
            #expect(victims.allSatisfy { victim in endable.contains { $0.uid == victim.uid } }, "round \(round)")
            for index in victims.indices {
                var fewer = victims
                fewer.remove(at: index)
                #expect(!isEnough(fewer), "round \(round): \(victims[index].name) is not needed")
            }
        }
        #expect(sizes.isSuperset(of: [1, 2, 3]), "the rounds have choices of every size")
    }

    @Test("what a preempted pod shows has Kubernetes' words, and its end is waited for half as long again as its grace period")
    func eviction() {
        let eviction = PodEviction.preemption
        #expect(eviction.reason == "Preempting" && eviction.message == "Preempted in order to admit critical pod")
        #expect(eviction.condition?.type == "DisruptionTarget" && eviction.condition?.status == "True")
        #expect(eviction.condition?.reason == "TerminationByKubelet")
        #expect(eviction.condition?.message == "Pod was preempted by Kubelet to accommodate a critical pod.")
        for (grace, patience) in [(nil, 45), (0, 10), (6, 10), (60, 90)] as [(Int64?, Int64)] {
            var pod = Place.pod("p")
            pod.spec.terminationGracePeriodSeconds = grace
            #expect(PodEviction.patience(for: pod) == .seconds(patience))
        }
    }
}
