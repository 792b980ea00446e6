import Addresses
import KubeModel

/// Which of the Services that want a frontend has it. Services are numbered.
struct FrontendClaims {
    /// Orders the Services that want one frontend: the lowest has it.
    struct Rank: Comparable {
        /// 0 for a ClusterIP: no Service gets another one's as its external address.
        let kind: Int
        /// The older one keeps the frontend, so that no newcomer takes it away.
        let created: Int64
        let key: ObjectKey

        static func < (left: Rank, right: Rank) -> Bool { (left.kind, left.created, left.key) < (right.kind, right.created, right.key) }
    }

    private var owners = CompactMap<Frontend, Int32>()
    private var waiting: [Frontend: [Int32: Rank]] = [:]

    func owner(of frontend: Frontend) -> Int32? { owners[frontend] }

    /// - Parameter rankOf: of a frontend's present owner.
    /// - Returns: the Services for which the frontend has another owner now.
    mutating func claim(_ frontend: Frontend, _ service: Int32, _ rank: Rank, rankOf: (Int32) -> Rank) -> [Int32] {
        guard let owner = owners[frontend], owner != service else {
            owners[frontend] = service
            return []
        }
        let other = rankOf(owner)
        guard rank < other else {
            waiting[frontend, default: [:]][service] = rank
            return []
        }
        owners[frontend] = service
        waiting[frontend, default: [:]][owner] = other
        return Array((waiting[frontend] ?? [:]).keys)
    }

    /// - Returns: the Services for which the frontend has another owner now.
    mutating func release(_ frontend: Frontend, _ service: Int32) -> [Int32] {
        defer { if waiting[frontend]?.isEmpty == true { waiting[frontend] = nil } }
        guard owners[frontend] == service else {
            waiting[frontend]?[service] = nil
            return []
        }
        let others = waiting[frontend] ?? [:]
        owners[frontend] = others.min { $0.value < $1.value }?.key
        if let next = owners[frontend] { waiting[frontend]?[next] = nil }
        return Array(others.keys)
    }
}
