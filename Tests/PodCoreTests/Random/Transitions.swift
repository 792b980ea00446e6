@testable import PodCore

/// The legal transitions of a pod machine's parts, as their states' comments have them. A state may always stay.
enum Transitions {
    private static let containers: [String: Set<String>] = [
        "idle": ["ensuringImage", "pausing"], "pausing": ["ensuringImage", "idle"], "ensuringImage": ["imageReady", "pausing"],
        "imageReady": ["starting"], "starting": ["running", "pausing", "idle"], "running": ["stopping", "idle"], "stopping": ["idle", "pausing"],
    ]
    private static let sandboxes: [String: Set<String>] = [
        "absent": ["creating", "stopped"], "creating": ["ready", "absent", "lost", "waitingForNetwork"],
        "waitingForNetwork": ["absent", "creating", "stopped"], "ready": ["lost", "stopped"],
        "lost": ["absent", "stopped"], "stopped": [],
    ]
    private static let volumes: [String: Set<String>] = [
        "wanted": ["mounting"], "mounting": ["mounted", "failed"], "failed": ["mounting"], "mounted": [],
    ]

    private static let reviews: [String: Set<String>] = [
        "none": ["due"], "due": ["underWay", "none"], "underWay": ["none", "due", "deferred", "infeasible"], "deferred": ["due", "underWay", "none"],
        "infeasible": ["due", "none"],
    ]
    private static let progresses: [String: Set<String>] = [
        "none": ["due"], "due": ["underWay", "none"], "underWay": ["due", "failed"], "failed": ["underWay", "due", "none"],
    ]
    private static let refreshes: [String: Set<String>] = ["none": ["due", "underWay"], "due": ["underWay"], "underWay": ["none", "due"]]

    /// Names the illegal transitions between two moments with one event or one decision between them.
    static func illegal(from before: PodMachine, to after: PodMachine) -> [String] {
        var found: [String] = []
        func check<State: Equatable>(_ what: String, _ from: State, _ to: State, _ legal: [String: Set<String>]) {
            guard from != to else { return }
            let (from, to) = (name(from), name(to))
            if from != to, legal[from]?.contains(to) != true { found.append("\(what): \(from) to \(to)") }
        }
        for (old, new) in zip(before.containers, after.containers) { check("container \(old.name)", old.step, new.step, containers) }
        check("sandbox", before.sandbox.state, after.sandbox.state, sandboxes)
        for (name, state) in after.volumes.states { check("volume \(name)", before.volumes.states[name] ?? .wanted, state, volumes) }
        check("review of a resize", before.resize.review.step, after.resize.review.step, reviews)
        check("progress of a resize", progress(before), progress(after), progresses)
        check("refresh of volumes", before.refresh.state, after.refresh.state, refreshes)
        if after.end.step < before.end.step { found.append("end: \(before.end.step) to \(after.end.step)") }
        return found
    }

    private static func progress(_ machine: PodMachine) -> String { machine.resize.progress.map { name($0.step) } ?? "none" }

    /// `ready` of `ready(id: "s0", ...)`.
    private static func name(_ state: Any) -> String { String("\(state)".prefix { $0 != "(" }) }
}
