import LinuxSystem
package import PodCore

extension PodFolderStore {
    /// Entries that are not folders named like a pod's are left out: other programs may keep something there.
    package func podsWithLogs() async throws(VolumeFailure) -> [PodIdentity] {
        try await blocking("list the logs of pods") { [logs] in
            guard try FileStatus.ifPresent(logs) != nil else { return [] }
            return try DirectoryListing.names(at: logs).compactMap { name in
                // No part of the name can hold an underscore.
                let parts = name.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), try FileStatus.ifPresent("\(logs)/\(name)")?.kind == .directory else {
                    return nil
                }
                return PodIdentity(namespace: parts[0], name: parts[1], uid: parts[2])
            }
        }
    }
}
