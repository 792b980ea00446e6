import PodCore
import Synchronization

/// How far the pulls are that are under way, by reference.
final class PullBoard: Sendable {
    private let pulls = Mutex<[String: PullProgress]>([:])

    func begin(_ reference: String) -> PullProgress {
        let progress = PullProgress()
        pulls.withLock { $0[reference] = progress }
        return progress
    }

    /// Ends a pull, unless another one of the reference has begun since.
    func end(_ reference: String, _ progress: PullProgress) {
        pulls.withLock { pulls in
            if pulls[reference] === progress { pulls[reference] = nil }
        }
    }

    func status(_ reference: String) -> ImagePullStatus? { pulls.withLock { $0[reference] }?.status }
}
