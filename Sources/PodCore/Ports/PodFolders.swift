/// The files of a pod that are neither volumes nor records: what is mounted at /etc, termination messages and logs. `PodVolumes` conforms.
package protocol PodFolders: Sendable {
    /// Writes a small file of the pod, replacing it in place so that a running container's mount follows; returns its absolute path.
    func write(_ content: String, to file: PodFile, podUID: String) async throws(VolumeFailure) -> String

    /// An empty file for a container's termination message, writable by any user; returns its absolute path.
    func makeTerminationMessageFile(podUID: String, container: String, containerID: String) async throws(VolumeFailure) -> String

    /// The last `limit` bytes of a termination message; `nil` when there is none.
    func terminationMessage(at path: String, limit: Int) async -> String?

    /// The end of a container's log: at most `lines` lines and `limit` bytes.
    func logTail(at path: String, lines: Int, limit: Int) async -> String?

    /// Makes the folder of a container's logs. Returns the path of its n-th log.
    func logPath(of pod: PodIdentity, container: String, restartCount: Int) async throws(VolumeFailure) -> String

    /// The highest n for which there is an n-th log; `nil` when there is none.
    func lastLog(of pod: PodIdentity, container: String) async -> Int?

    /// Links the log under the name that log shippers look for, in /var/log/containers.
    func linkLog(at path: String, of pod: PodIdentity, container: String, containerID: String) async

    /// Removes logs of a container up to and including the n-th, rotated ones too.
    func removeLogs(of pod: PodIdentity, container: String, upTo restartCount: Int) async

    /// Removes what is left of a pod: its folder and all its logs.
    func removeAll(of pod: PodIdentity) async throws(VolumeFailure)

    /// The pods that have logs on disk, also those that nothing else is left of.
    func podsWithLogs() async throws(VolumeFailure) -> [PodIdentity]

    /// A file of the node, such as /etc/resolv.conf; `nil` when it cannot be read.
    func nodeFile(_ path: String) async -> String?
}

package enum PodFile: String, Sendable, Hashable, CaseIterable {
    case hosts = "etc-hosts"
    case hostname = "etc-hostname"
    case resolvConf = "etc-resolv.conf"
}
