/// Files that the agent makes for each start of a container, beside its volumes.
package struct StartFiles: Sendable, Hashable {
    /// Absolute paths of the files.
    package struct Paths: Sendable, Hashable {
        package let hosts: String
        package let hostname: String
        package let resolvConf: String
        /// Empty, and writable by any user.
        package let terminationMessage: String
        /// Not there yet, but its folder is.
        package let log: String

        package init(hosts: String, hostname: String, resolvConf: String, terminationMessage: String, log: String) {
            self.hosts = hosts
            self.hostname = hostname
            self.resolvConf = resolvConf
            self.terminationMessage = terminationMessage
            self.log = log
        }
    }

    package let pod: PodIdentity
    package let container: String
    /// The number of the container's log.
    package let restartCount: Int
    /// Contents of files that all containers of the pod see.
    package let hosts: String
    package let hostname: String
    package let resolvConf: String

    package init(pod: PodIdentity, container: String, restartCount: Int, hosts: String, hostname: String, resolvConf: String) {
        self.pod = pod
        self.container = container
        self.restartCount = restartCount
        self.hosts = hosts
        self.hostname = hostname
        self.resolvConf = resolvConf
    }
}
