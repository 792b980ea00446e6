/// A program that gives credentials: `exec` of a kubeconfig's user.
package struct CredentialPlugin: Sendable, Hashable, CustomStringConvertible {
    /// An absolute path, or a name that is searched in `PATH`.
    package let command: String
    package let arguments: [String]
    /// Added to the agent's own environment.
    package let environment: [String: String]
    /// `client.authentication.k8s.io/v1` or `v1beta1`.
    package let apiVersion: String
    /// Tells the program the address and authority of the server.
    package let providesClusterInfo: Bool
    /// Printed when there is no such program.
    package let installHint: String

    package init(
        command: String, arguments: [String] = [], environment: [String: String] = [:], apiVersion: String, providesClusterInfo: Bool = false,
        installHint: String = ""
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.apiVersion = apiVersion
        self.providesClusterInfo = providesClusterInfo
        self.installHint = installHint
    }

    /// Without the environment, which may hold secrets.
    package var description: String { "exec \(command)" }
}
