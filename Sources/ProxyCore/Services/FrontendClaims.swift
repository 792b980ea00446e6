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

    /// A frontend in half of its memory.
    private struct Place: Hashable {
        private let high: UInt64
        private let low: UInt64
        private let rest: UInt32

        init(_ frontend: Frontend) {
            high = UInt64(truncatingIfNeeded: frontend.address.value >> 64)
            low = UInt64(truncatingIfNeeded: frontend.address.value)
            rest = UInt32(frontend.port) << 16 | UInt32(frontend.transport.number) << 8 | (frontend.address.isV6 ? 1 : 0)
        }
    }

    private var owners = CompactMap<Place, Int32>()
    private var waiting: [Frontend: [Int32: Rank]] = [:]

    func owner(of frontend: Frontend) -> Int32? { owners[Place(frontend)] }

    /// - Parameter rankOf: of a frontend's present owner.
    /// - Returns: the Services for which the frontend has another owner now.
    mutating func claim(_ frontend: Frontend, _ service: Int32, _ rank: Rank, rankOf: (Int32) -> Rank) -> [Int32] {
        guard let owner = owner(of: frontend), owner != service else {
            owners[Place(frontend)] = service
            return []
        }
        let other = rankOf(owner)
        guard rank < other else {
            waiting[frontend, default: [:]][service] = rank
            return []
        }
        owners[Place(frontend)] = service
        waiting[frontend, default: [:]][owner] = other
        return Array((waiting[frontend] ?? [:]).keys)
    }

    /// - Returns: the Services for which the frontend has another owner now.
    mutating func release(_ frontend: Frontend, _ service: Int32) -> [Int32] {
        defer { if waiting[frontend]?.isEmpty == true { waiting[frontend] = nil } }
        guard owner(of: frontend) == service else {
            waiting[frontend]?[service] = nil
            return []
        }
        let others = waiting[frontend] ?? [:]
        let next = others.min { $0.value < $1.value }?.key
        owners[Place(frontend)] = next
        if let next { waiting[frontend]?[next] = nil }
        return Array(others.keys)
    }
}
