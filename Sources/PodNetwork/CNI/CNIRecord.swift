import KubeModel
import LinuxSystem
import PodCore

/// A sandbox that plugins have connected, or were about to: all that its removal needs, also after a change of the configuration, and after a reboot,
/// which plugins' own files of given addresses outlive.
struct CNIRecord: Sendable, Hashable {
    let sandboxID: String
    let pod: PodIdentity
    private(set) var configuration: CNIConfiguration
    let bandwidth: PodBandwidth
    let namespace: String
    /// Of the namespace. Another one under the same path is another sandbox's, and so is each after a reboot.
    let inode: UInt64
    let bootID: String
    var result: JSONValue?
    /// Empty until the last plugin has succeeded.
    var addresses: [String] = []

    /// The namespace's path; `nil` when it has ended.
    func livingNamespace(bootID: String) -> String? {
        guard bootID == self.bootID, let status = try? FileStatus(of: namespace, follow: true), status.inode == inode else { return nil }
        return namespace
    }

    /// The same sandbox, to be taken back by another configuration.
    func with(_ configuration: CNIConfiguration) -> CNIRecord {
        var record = self
        record.configuration = configuration
        record.result = nil
        return record
    }

    var document: JSONValue {
        var document: JSONValue = [
            "namespace": .string(pod.namespace), "name": .string(pod.name), "uid": .string(pod.uid), "configuration": configuration.document,
            "networkNamespace": .string(namespace), "inode": .string("\(inode)"), "boot": .string(bootID),
            "addresses": .array(addresses.map(JSONValue.string)),
        ]
        document["result"] = result
        document["ingress"] = bandwidth.ingress.map(JSONValue.integer)
        document["egress"] = bandwidth.egress.map(JSONValue.integer)
        return document
    }
}

extension CNIRecord {
    /// `nil` for what is not a record.
    init?(_ document: JSONValue, sandboxID: String) {
        guard let namespace = document["namespace"]?.string, let name = document["name"]?.string, let uid = document["uid"]?.string,
            let path = document["networkNamespace"]?.string, let inode = document["inode"]?.string.flatMap({ UInt64($0) }),
            let boot = document["boot"]?.string, let configuration = document["configuration"].flatMap({ try? CNIConfiguration($0) })
        else { return nil }
        self.init(
            sandboxID: sandboxID, pod: PodIdentity(namespace: namespace, name: name, uid: uid), configuration: configuration,
            bandwidth: PodBandwidth(ingress: document["ingress"]?.integer, egress: document["egress"]?.integer), namespace: path, inode: inode,
            bootID: boot, result: document["result"], addresses: (document["addresses"]?.array ?? []).compactMap(\.string))
    }
}

/// The records on disk: a file for each sandbox. Blocking.
struct CNIRecords: Sendable {
    let directory: String

    private static let suffix = ".json"

    /// Returns the records, and the names of files that are none; these stay.
    func load() throws(SystemError) -> (records: [CNIRecord], unreadable: [String]) {
        try Directories.make(directory, mode: 0o700)
        var found: (records: [CNIRecord], unreadable: [String]) = ([], [])
        for name in try DirectoryListing.names(at: directory).sorted() where name.hasSuffix(Self.suffix) && !name.hasPrefix(".") {
            let record = (try? JSONParser.parse(SmallFile.bytes("\(directory)/\(name)"))).flatMap {
                CNIRecord($0, sandboxID: String(name.dropLast(Self.suffix.count)))
            }
            if let record { found.records.append(record) } else { found.unreadable.append(name) }
        }
        return found
    }

    func save(_ record: CNIRecord) throws(SystemError) {
        try AtomicFile.replace(path(record.sandboxID), with: JSONWriter.bytes(record.document), mode: 0o600)
    }

    func remove(_ sandboxID: String) throws(SystemError) { try AtomicFile.remove(path(sandboxID)) }

    private func path(_ sandboxID: String) -> String { "\(directory)/\(sandboxID)\(Self.suffix)" }
}
