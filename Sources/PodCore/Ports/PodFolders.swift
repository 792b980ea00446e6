/// The files of a pod that are neither volumes nor records: what is mounted at /etc, termination messages and logs. `PodVolumes` conforms.
package protocol PodFolders: Sendable {
    /// Makes the files that a container starts with beside its volumes. Those of the pod are replaced in place, so that a running container's mount follows.
    func makeFiles(_ files: StartFiles) async throws(VolumeFailure) -> StartFiles.Paths

    /// The last `limit` bytes of a termination message; `nil` when there is none.
    func terminationMessage(at path: String, limit: Int) async -> String?

    /// The end of a container's log: at most `lines` lines and `limit` bytes.
    func logTail(at path: String, lines: Int, limit: Int) async -> String?

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

    /// A file of the node, such as /etc/resolv.conf.
    func nodeFile(_ path: String) async throws(VolumeFailure) -> String
}
