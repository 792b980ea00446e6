/// The service account of a pod that wants an image. Credential providers may act for it (`tokenAttributes`).
package protocol PodAccount: Sendable {
    var namespace: String { get }
    var name: String { get }

    /// Returns the service account as the API server has it now.
    func facts() async throws -> ServiceAccountFacts

    /// Returns a token that is bound to the pod.
    /// - Parameter uid: the service account's; the API server refuses a token for another one of that name.
    func token(audience: String, uid: String) async throws -> String
}

package struct ServiceAccountFacts: Sendable, Hashable {
    package let uid: String
    package let annotations: [String: String]

    package init(uid: String, annotations: [String: String]) {
        self.uid = uid
        self.annotations = annotations
    }
}

/// The registry credentials that providers have given for a pod's service account.
package struct AccountCredentials: Sendable {
    package var credentials: [RegistryCredential] = []
    /// Why a provider gave none.
    package var problems: [String] = []

    package init() {}
}
