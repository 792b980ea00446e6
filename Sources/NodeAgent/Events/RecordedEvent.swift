import KubeModel
import PodCore
import Timing

/// An event as it was recorded, before it is counted or combined with others.
struct RecordedEvent: Sendable {
    let object: ObjectReference
    let namespace: String
    let record: PodEventRecord
    let moment: Moment
}
