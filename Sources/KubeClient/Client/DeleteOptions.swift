/// `metav1.DeleteOptions`.
package struct DeleteOptions: Sendable, Hashable, Codable {
    package struct Preconditions: Sendable, Hashable, Codable {
        package var uid: String?
        package var resourceVersion: String?
    }

    package var kind = "DeleteOptions"
    package var apiVersion = "v1"
    /// 0 removes at once; nil leaves it to the object.
    package var gracePeriodSeconds: Int64?
    package var preconditions: Preconditions?
    /// `Orphan`, `Background` or `Foreground`.
    package var propagationPolicy: String?

    package init(gracePeriodSeconds: Int64? = nil, uid: String? = nil, resourceVersion: String? = nil, propagationPolicy: String? = nil) {
        self.gracePeriodSeconds = gracePeriodSeconds
        self.propagationPolicy = propagationPolicy
        if uid != nil || resourceVersion != nil {
            preconditions = Preconditions(uid: uid, resourceVersion: resourceVersion)
        }
    }
}
