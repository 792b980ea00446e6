package import KubeModel

/// A Node object, as far as the way to its pods needs it: a cluster's nodes may be many, and their whole objects large.
package struct ClusterNode: KubeObject, Hashable {
    package static let resource = Node.resource

    package struct Spec: Sendable, Hashable, Codable {
        package var podCIDR: String?
        package var podCIDRs: [String]?
    }

    package struct Status: Sendable, Hashable, Codable {
        package var addresses: [NodeAddress]?
    }

    package var metadata: ObjectMeta
    package var spec: Spec?
    package var status: Status?

    private enum CodingKeys: String, CodingKey {
        case metadata, spec, status
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let whole = try values.decode(ObjectMeta.self, forKey: .metadata)
        metadata = ObjectMeta(name: whole.name, uid: whole.uid)
        metadata.resourceVersion = whole.resourceVersion
        spec = try values.decodeIfPresent(Spec.self, forKey: .spec)
        status = try values.decodeIfPresent(Status.self, forKey: .status)
    }

    /// The ranges of the node's pods; empty while it has none.
    package var podRanges: [String] { spec?.podCIDRs ?? [spec?.podCIDR].compactMap { $0 } }

    /// The addresses by which other nodes reach it.
    package var internalIPs: [String] { (status?.addresses ?? []).filter { $0.type == "InternalIP" }.map(\.address) }
}
