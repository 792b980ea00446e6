/// The result of a decision: actions in their order, and the times of the next decision and of the next probe if no event comes before.
struct Decision: Sendable {
    private(set) var actions: [PodAction] = []
    private(set) var nextWake: Duration?
    private(set) var nextProbe: Duration?

    mutating func perform(_ action: PodAction) {
        actions.append(action)
    }

    mutating func record(_ kind: PodEventRecord.Kind, _ reason: String, _ message: String, fieldPath: String? = nil) {
        perform(.record(PodEventRecord(kind, reason, message, fieldPath: fieldPath)))
    }

    mutating func wake(at time: Duration) {
        nextWake = nextWake.map { min($0, time) } ?? time
    }

    mutating func probe(at time: Duration) {
        nextProbe = nextProbe.map { min($0, time) } ?? time
    }
}
