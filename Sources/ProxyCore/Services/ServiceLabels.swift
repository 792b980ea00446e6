import KubeModel

/// Labels that name the program that an object is meant for.
enum ServiceLabels {
    static let serviceName = "kubernetes.io/service-name"
    private static let otherProxy = "service.kubernetes.io/service-proxy-name"
    private static let headless = "service.kubernetes.io/headless"
    /// Those by which an object is ignored.
    static let ignoring = [otherProxy, headless]

    /// Returns whether the object is for another proxy, or for none.
    static func isIgnored(_ metadata: ObjectMeta) -> Bool {
        guard let labels = metadata.labels else { return false }
        return ignoring.contains { labels[$0] != nil }
    }
}
