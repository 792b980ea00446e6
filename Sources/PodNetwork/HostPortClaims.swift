import Addresses
import Nftables
import PodCore
import ProxyCore

/// All claims of the node's pods. The cost of a change does not grow with their number: collisions are found by port, and elements are made for
/// the claim alone.
struct HostPortClaims: Sendable {
    struct Collision: Sendable, Hashable {
        let pod: PodIdentity
        let frontend: Frontend
    }

    /// By sandbox.
    private var claims: [String: HostPortClaim] = [:]
    /// The sandboxes that have a port at any address of the node, by that port at every address.
    private var holders: [Frontend: Set<String>] = [:]
    private var elements = HostPortElements()
    /// The sandboxes that IPv4 packets are led to.
    private(set) var sandboxesWithIPv4: Set<String> = []

    /// The rules for the present claims.
    var tables: [Table] { HostPortCompiler.compile(elements) }

    /// Replaces the sandbox's claim. Returns whether that is a change.
    mutating func insert(_ claim: HostPortClaim, sandboxID: String) -> Bool {
        if claims[sandboxID] == claim { return false }
        remove(sandboxID: sandboxID)
        claims[sandboxID] = claim
        for frontend in claim.targets.keys { holders[frontend.atEveryAddress, default: []].insert(sandboxID) }
        elements.add(claim.targets)
        if claim.targets.values.contains(where: { $0.address.family == .v4 }) { sandboxesWithIPv4.insert(sandboxID) }
        return true
    }

    @discardableResult
    mutating func remove(sandboxID: String) -> HostPortClaim? {
        guard let claim = claims.removeValue(forKey: sandboxID) else { return nil }
        for frontend in claim.targets.keys {
            holders[frontend.atEveryAddress]?.remove(sandboxID)
            if holders[frontend.atEveryAddress]?.isEmpty == true { holders[frontend.atEveryAddress] = nil }
        }
        elements.remove(claim.targets)
        sandboxesWithIPv4.remove(sandboxID)
        return claim
    }

    /// A port of the claim that another sandbox has; always the same one, so that the same situation gives the same message.
    func collision(of claim: HostPortClaim, sandboxID: String) -> Collision? {
        let others = claim.targets.keys.reduce(into: Set<String>()) { $0.formUnion(holders[$1.atEveryAddress] ?? []) }
        for owner in others.sorted() where owner != sandboxID {
            guard let other = claims[owner], let frontend = claim.collision(with: other) else { continue }
            return Collision(pod: other.pod, frontend: frontend)
        }
        return nil
    }
}
