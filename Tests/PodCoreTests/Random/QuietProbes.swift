import KubeModel
import Timing

@testable import PodCore

/// The short way for probes must lead to the same place as the long one.
enum QuietProbes {
    static func differences(after event: PodEvent, of machine: PodMachine, _ reported: PodStatus?, at now: Moment) -> [String] {
        var short = machine
        guard short.takeQuietly(event, at: now) else { return [] }
        var long = machine
        long.receive(event, at: now)
        return differences(short, long, reported, now, after: "a probe's result")
    }

    static func differences(afterWaitOf machine: PodMachine, _ reported: PodStatus?, at now: Moment) -> [String] {
        differences(machine, machine, reported, now, after: "a pause")
    }

    private static func differences(_ short: PodMachine, _ long: PodMachine, _ reported: PodStatus?, _ now: Moment, after what: String) -> [String] {
        var (short, long) = (short, long)
        guard let probes = short.beginProbes(at: now) else { return [] }
        let actions = long.decide(at: now)
        var found: [String] = []
        if "\(actions)" != "\(probes)" { found.append("after \(what) the short way begins \(probes), the long one \(actions)") }
        if short.nextProbe != long.nextProbe {
            found.append("after \(what) the short way probes at \(short.nextProbe as Any), the long one at \(long.nextProbe as Any)")
        }
        // The calendar of these lives has whole seconds, so that a deadline seems to move. Coming too early does no harm.
        let never = Duration.seconds(1 << 40)
        if short.nextDecision ?? never > long.nextDecision ?? never { found.append("after \(what) the short way comes back later than the long one") }
        let statuses = [short, long].map { $0.status(hostIPs: [], previous: reported, at: now) }
        if statuses[0] != statuses[1] { found.append("after \(what) the short way shows \(statuses[0]), the long one \(statuses[1])") }
        return found
    }
}
