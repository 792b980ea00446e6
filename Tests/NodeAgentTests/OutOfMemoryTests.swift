import Synchronization
import TestSupport
import Testing

@testable import KubeClient
@testable import NodeAgent

@Suite("A machine without memory", .timeLimit(.minutes(1)))
struct OutOfMemoryTests {
    private static let ofMachine = [
        "stress invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0", "CPU: 1 PID: 812 Comm: stress",
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/a,task=my (web) app,pid=813,uid=0",
        "Out of memory: Killed process 813 (my (web) app) total-vm:2102404kB, anon-rss:1852804kB",
    ]
    private static let ofCgroup = [
        "python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=990",
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods/pod1,task_memcg=/kubepods/pod1/c,task=sh,pid=9,uid=0",
        "Memory cgroup out of memory: Killed process 9 (sh) total-vm:8kB, anon-rss:4kB",
    ]

    private func victims(_ lines: [String]) -> [OutOfMemoryLog.Victim] {
        var log = OutOfMemoryLog()
        return lines.compactMap { log.receive($0) }
    }

    @Test("the victim is named once, whatever its name holds") func machine() {
        #expect(victims(Self.ofMachine) == [.init(process: "my (web) app", pid: 813)])
        #expect(victims(Self.ofMachine + Self.ofMachine).count == 2)
    }

    @Test("a kill at a cgroup's limit is the pod's matter") func cgroup() {
        #expect(victims(Self.ofCgroup).isEmpty)
        #expect(victims(Self.ofCgroup + Self.ofMachine).map(\.pid) == [813])
    }

    @Test(
        "other lines say nothing",
        arguments: [
            ["Out of memory: Killed process 813 (x) total-vm:1kB"], ["x invoked oom-killer:", "Killed process x (y)"], [""], ["Killed process "],
        ])
    func others(lines: [String]) { #expect(victims(lines).isEmpty) }

    @Test("an event tells of it") func event() async throws {
        let api = FakeEventAPI()
        let recorder = EventRecorder(api: api, nodeName: "node-1", time: ManualTime(), logger: .silent)
        let lines = Mutex(Self.ofMachine)
        let watch = OutOfMemoryWatch(nodeName: "node-1", events: recorder, logger: .silent) {
            try lines.withLock { lines in
                guard !lines.isEmpty else { throw CancellationError() }
                return lines.removeFirst()
            }
        }
        await watch.run()
        try await whileRunning({ await recorder.run() }) { await api.calls.wait { $0.contains { $0.text == "create SystemOOM" } } }
    }
}
