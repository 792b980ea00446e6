package import Addresses
import Glibc
package import LinuxSystem

/// Records that survive the agent: a file for each address in use, named after it, with the sandbox's ID as content. The folder
/// is on a tmpfs and ends with the boot, as the sandboxes do. Blocking.
package struct AddressRecords: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// Returns the records in the order in which they were made. Files that are not records are skipped and stay.
    package func load() throws(SystemError) -> [(address: IPAddress, sandboxID: String)] {
        var records: [(address: IPAddress, sandboxID: String, made: Int64)] = []
        for name in try DirectoryListing.names(at: directory) {
            let path = directory + "/" + name
            guard let address = IPAddress(name), let status = try FileStatus.ifPresent(path), status.kind == .file else { continue }
            let sandboxID = try SmallFile.line(path)
            guard !sandboxID.isEmpty else { continue }
            records.append((address, sandboxID, status.modified))
        }
        return records.sorted { ($0.made, $0.address) < ($1.made, $1.address) }.map { ($0.address, $0.sandboxID) }
    }

    package func save(_ address: IPAddress, sandboxID: String) throws(SystemError) {
        let path = directory + "/" + address.description
        do throws(SystemError) {
            try AtomicFile.replace(path, with: sandboxID + "\n", mode: 0o600)
        } catch {
            guard error.is(ENOENT) else { throw error }
            try Directories.make(directory, mode: 0o700)
            try AtomicFile.replace(path, with: sandboxID + "\n", mode: 0o600)
        }
    }

    package func remove(_ address: IPAddress) throws(SystemError) {
        try AtomicFile.remove(directory + "/" + address.description)
    }
}
