import FoundationEssentials
import LinuxSystem
import PodCore

/// The record of a container between two commands, in its sandbox's folder. The shim answers for the rest.
struct OCIContainer: Sendable, Codable {
    var version = 1
    let id: String
    let ociVersion: String
    /// Absolute.
    let bundle: String
    let annotations: [String: String]
    let poststart: [OCISpec.Hook]
    let poststop: [OCISpec.Hook]
    /// Directory of the cgroup v2 tree, and the container's cgroup below it.
    let cgroupRoot: String
    let cgroup: String
    /// Made for this container, so that it goes with it.
    let ownsCgroup: Bool
    /// Of the shim, once it was started.
    var shim: ProcessIdentity?
    /// Of the container's first process, once there was one.
    var pid: Int32?
    /// `create` has finished.
    var isCreated = false
    /// The defaults for further programs in the container. Of the filter, only the flags; its instructions are in a file.
    let process: OCISpec.Process?
    let seccompFlags: UInt32?
    /// When it was made, as RFC 3339 has it.
    let created: String?
    /// Absolute.
    let rootfs: String?
    let hasStartHooks: Bool?

    static let fileName = "oci.json"
    static let filterFileName = "seccomp"
    /// The shim's name for the one container of its sandbox.
    static let name = "main"

    func write(in directory: String) throws(RuntimeFailure) {
        do {
            try AtomicFile.replace(directory + "/" + Self.fileName, with: Array(JSONEncoder().encode(self)))
        } catch {
            throw RuntimeFailure(.internal, "the container's record cannot be written: \(error)")
        }
    }

    /// `nil` when there is none.
    static func read(in directory: String) throws(RuntimeFailure) -> OCIContainer? {
        let path = directory + "/" + fileName
        do {
            let container = try JSONDecoder().decode(OCIContainer.self, from: Data(SmallFile.bytes(path, limit: 16 << 20)))
            guard container.version == 1 else { throw RuntimeFailure(.internal, "version \(container.version), wanted 1") }
            return container
        } catch let error as SystemError where error.isNotFound {
            return nil
        } catch {
            throw RuntimeFailure(.internal, "\(path) cannot be read and is left as it is: \(error)")
        }
    }

    /// The shim's alphabet is smaller than that of container ids: what it lacks is written as `-` and two digits, so that no two are alike.
    static func sandboxID(_ id: String) throws(RuntimeFailure) -> String {
        let isValid = !id.isEmpty && id != "." && id != ".." && id.utf8.allSatisfy { isPlain($0) || isUpper($0) || "-_.+".utf8.contains($0) }
        guard isValid else { throw RuntimeFailure(.create, "\"\(id)\" is no container id: wanted letters, digits and any of - _ . +") }
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        for byte in id.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "-"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        guard bytes.count <= 64 else {
            throw RuntimeFailure(
                .create, "the container id \"\(id)\" is too long: wanted up to 64 characters, where all but a-z and 0-9 count as three")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) }
}
