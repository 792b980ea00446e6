import FoundationEssentials
package import KubeClient
package import KubeModel

/// The API calls of the node's reporter and lease.
package protocol NodeAPI: Sendable {
    func serverVersion() async throws -> ServerVersion
    func createNode(_ node: Node) async throws -> Node
    func node(named name: String) async throws -> Node
    func patchNode(named name: String, _ patch: JSONValue) async throws -> Node
    func patchNodeStatus(named name: String, _ patch: JSONValue) async throws -> Node
    func lease(_ key: ObjectKey) async throws -> Lease
    func createLease(_ lease: Lease) async throws -> Lease
    func updateLease(_ lease: Lease) async throws -> Lease
}

extension KubeClient: NodeAPI {
    package func serverVersion() async throws -> ServerVersion {
        try await exchange(APICall("GET", "/version", operation: "get", object: "version"))
    }

    package func createNode(_ node: Node) async throws -> Node { try await create(node) }

    package func node(named name: String) async throws -> Node { try await get(Node.self, ObjectKey(namespace: "", name: name)) }

    package func patchNode(named name: String, _ patch: JSONValue) async throws -> Node {
        try await self.patch(Node.self, ObjectKey(namespace: "", name: name), .strategicMerge, patch)
    }

    package func patchNodeStatus(named name: String, _ patch: JSONValue) async throws -> Node {
        try await self.patch(Node.self, ObjectKey(namespace: "", name: name), subresource: "status", .strategicMerge, patch)
    }

    package func lease(_ key: ObjectKey) async throws -> Lease { try await get(Lease.self, key) }

    package func createLease(_ lease: Lease) async throws -> Lease { try await create(lease) }

    package func updateLease(_ lease: Lease) async throws -> Lease { try await update(lease) }
}
