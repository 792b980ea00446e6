import KubeModel

/// The sender of a request.
struct Identity: Sendable, Hashable {
    let user: String
    let uid: String
    let groups: [String]
    let extra: [String: [String]]

    init(user: String, uid: String = "", groups: [String], extra: [String: [String]] = [:]) {
        self.user = user
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    static let anonymous = Identity(user: "system:anonymous", groups: ["system:unauthenticated"])

    var isAnonymous: Bool { groups.contains("system:unauthenticated") }

    /// The node's name when this is a node.
    var node: String? {
        let prefix = "system:node:"
        guard groups.contains("system:nodes"), user.hasPrefix(prefix), user.count > prefix.count else { return nil }
        return String(user.dropFirst(prefix.count))
    }

    /// `UserInfo` as reviews answer it.
    var userInfo: JSONValue {
        var info: JSONValue = ["username": .string(user), "groups": .array(groups.map { .string($0) })]
        if !uid.isEmpty { info["uid"] = .string(uid) }
        if !extra.isEmpty { info["extra"] = .object(extra.mapValues { .array($0.map { .string($0) }) }) }
        return info
    }
}
