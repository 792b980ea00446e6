/// Settings that come from flags only.
package struct ProcessSettings: Sendable, Hashable {
    package var kubeconfig = "/etc/kubernetes/kubelet.conf"
    /// Used to get a first client certificate when `kubeconfig` does not exist yet.
    package var bootstrapKubeconfig: String?
    /// The node's name; nil means the machine's host name.
    package var hostnameOverride: String?
    /// At most one address of each family. An unspecified one means the default route's of its family; empty means the default routes' of both.
    package var nodeIPs: [String] = []
    /// Kubernetes tools expect fixed paths below it.
    package var rootDirectory = "/var/lib/kubelet"
    package var stateDirectory = "/var/lib/swiftlet"
    package var runDirectory = "/run/swiftlet"
    /// Asked for the credentials of registries.
    package var credentialProviders: [CredentialProviderSettings] = []

    package init() {}
}
