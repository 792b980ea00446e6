import Nftables
import PodCore

/// All claims of the node's pods. A change costs what changes: who may collide is found by port, and elements are made for the claim alone.
struct HostPortClaims: Sendable {
    struct Collision: Sendable, Hashable {
        let pod: PodIdentity
        let frontend: HostPortClaim.Frontend
    }

    /// By sandbox.
    private var claims: [String: HostPortClaim] = [:]
    /// The sandboxes that have a port, whichever address of the node they have it of.
    private var holders: [HostPortClaim.Frontend.Port: Set<String>] = [:]
    private var elements = HostPortRules.Elements()

    /// The rules for what is claimed now.
    var tables: [Table] { elements.tables }

    /// Replaces what the sandbox had. Whether that is a change.
    mutating func insert(_ claim: HostPortClaim, sandboxID: String) -> Bool {
        if claims[sandboxID] == claim { return false }
        remove(sandboxID: sandboxID)
        claims[sandboxID] = claim
        for frontend in claim.targets.keys { holders[frontend.place, default: []].insert(sandboxID) }
        elements.add(claim)
        return true
    }

    @discardableResult
    mutating func remove(sandboxID: String) -> HostPortClaim? {
        guard let claim = claims.removeValue(forKey: sandboxID) else { return nil }
        for frontend in claim.targets.keys {
            holders[frontend.place]?.remove(sandboxID)
            if holders[frontend.place]?.isEmpty == true { holders[frontend.place] = nil }
        }
        elements.remove(claim)
        return claim
    }

    /// What another sandbox has already; always the same one, so that the same situation gives the same message.
    func collision(of claim: HostPortClaim, sandboxID: String) -> Collision? {
        let others = claim.targets.keys.reduce(into: Set<String>()) { $0.formUnion(holders[$1.place] ?? []) }
        for owner in others.sorted() where owner != sandboxID {
            guard let other = claims[owner], let frontend = claim.collision(with: other) else { continue }
            return Collision(pod: other.pod, frontend: frontend)
        }
        return nil
    }
}
