import KubeModel

/// One resource that the API serves.
struct ResourceType: Sendable, Hashable {
    let resource: ResourceKind
    let singular: String
    let shortNames: [String]
    let categories: [String]
    /// `status` and others, without the slash.
    let subresources: [String]
    /// A review is answered and never stored.
    let isReview: Bool
    /// Field selectors beyond `metadata.name` and `metadata.namespace`.
    let selectableFields: [String]

    init(
        _ kind: String, _ plural: String, group: String = "", isNamespaced: Bool = true, shortNames: [String] = [], categories: [String] = [],
        subresources: [String] = [], isReview: Bool = false, selectableFields: [String] = []
    ) {
        resource = ResourceKind(group: group, version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
        singular = kind.lowercased()
        self.shortNames = shortNames
        self.categories = categories
        self.subresources = subresources
        self.isReview = isReview
        self.selectableFields = selectableFields
    }

    var plural: String { resource.plural }
    var kind: String { resource.kind }
    var group: String { resource.group }
    var apiVersion: String { resource.apiVersion }
    var isNamespaced: Bool { resource.isNamespaced }
    var hasStatus: Bool { subresources.contains("status") }
    /// `pods`, `leases.coordination.k8s.io`: as messages name it.
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    static func == (lhs: ResourceType, rhs: ResourceType) -> Bool { lhs.resource == rhs.resource }
    func hash(into hasher: inout Hasher) { hasher.combine(resource) }
}

extension ResourceType {
    static let namespaces = ResourceType(
        "Namespace", "namespaces", isNamespaced: false, shortNames: ["ns"], subresources: ["finalize", "status"], selectableFields: ["status.phase"])
    static let nodes = ResourceType(
        "Node", "nodes", isNamespaced: false, shortNames: ["no"], subresources: ["proxy", "status"], selectableFields: ["spec.unschedulable"])
    static let pods = ResourceType(
        "Pod", "pods", shortNames: ["po"], categories: ["all"],
        subresources: ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "resize", "status"],
        selectableFields: [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ])
    static let services = ResourceType(
        "Service", "services", shortNames: ["svc"], categories: ["all"], subresources: ["status"], selectableFields: ["spec.clusterIP", "spec.type"])
    static let configMaps = ResourceType("ConfigMap", "configmaps", shortNames: ["cm"])
    static let secrets = ResourceType("Secret", "secrets", selectableFields: ["type"])
    static let serviceAccounts = ResourceType("ServiceAccount", "serviceaccounts", shortNames: ["sa"], subresources: ["token"])
    static let events = ResourceType(
        "Event", "events", shortNames: ["ev"],
        selectableFields: [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
        ])
    static let persistentVolumes = ResourceType(
        "PersistentVolume", "persistentvolumes", isNamespaced: false, shortNames: ["pv"], subresources: ["status"])
    static let persistentVolumeClaims = ResourceType("PersistentVolumeClaim", "persistentvolumeclaims", shortNames: ["pvc"], subresources: ["status"])
    static let endpointSlices = ResourceType("EndpointSlice", "endpointslices", group: "discovery.k8s.io")
    static let leases = ResourceType("Lease", "leases", group: "coordination.k8s.io")
    static let certificateSigningRequests = ResourceType(
        "CertificateSigningRequest", "certificatesigningrequests", group: "certificates.k8s.io", isNamespaced: false, shortNames: ["csr"],
        subresources: ["approval", "status"], selectableFields: ["spec.signerName"])
    static let runtimeClasses = ResourceType("RuntimeClass", "runtimeclasses", group: "node.k8s.io", isNamespaced: false)
    static let priorityClasses = ResourceType("PriorityClass", "priorityclasses", group: "scheduling.k8s.io", isNamespaced: false, shortNames: ["pc"])
    static let tokenReviews = ResourceType("TokenReview", "tokenreviews", group: "authentication.k8s.io", isNamespaced: false, isReview: true)
    static let selfSubjectReviews = ResourceType(
        "SelfSubjectReview", "selfsubjectreviews", group: "authentication.k8s.io", isNamespaced: false, isReview: true)
    static let subjectAccessReviews = ResourceType(
        "SubjectAccessReview", "subjectaccessreviews", group: "authorization.k8s.io", isNamespaced: false, isReview: true)
    static let selfSubjectAccessReviews = ResourceType(
        "SelfSubjectAccessReview", "selfsubjectaccessreviews", group: "authorization.k8s.io", isNamespaced: false, isReview: true)
    static let localSubjectAccessReviews = ResourceType(
        "LocalSubjectAccessReview", "localsubjectaccessreviews", group: "authorization.k8s.io", isReview: true)

    /// Everything that is served, in the order of discovery.
    static let all: [ResourceType] = [
        configMaps, events, namespaces, nodes, persistentVolumeClaims, persistentVolumes, pods, secrets, serviceAccounts, services,
        tokenReviews, selfSubjectReviews, subjectAccessReviews, selfSubjectAccessReviews, localSubjectAccessReviews,
        certificateSigningRequests, leases, endpointSlices, runtimeClasses, priorityClasses,
    ]

    private static let byPath: [String: ResourceType] = Dictionary(
        all.map { ("\($0.group)/\($0.plural)", $0) }, uniquingKeysWith: { first, _ in first })

    static func find(group: String, plural: String) -> ResourceType? { byPath["\(group)/\(plural)"] }

    /// The resources that are kept, which a namespace's end removes.
    static let namespacedAndStored: [ResourceType] = all.filter { $0.isNamespaced && !$0.isReview }
}
