package import KubeModel
package import PodCore

/// The CNI plugins that make a pod's network together (CNI specification 1.1, section 1).
package struct CNIConfiguration: Sendable, Hashable {
    /// One plugin of the list.
    struct Plugin: Sendable, Hashable {
        /// The name of its program.
        let type: String
        let fields: [String: JSONValue]

        /// Whether it wants to be told this part of the pod's wishes (`capabilities`).
        func has(_ capability: String) -> Bool { fields["capabilities"]?[capability]?.bool == true }
    }

    package let name: String
    /// The version of the specification that runtime and plugins speak.
    let version: String
    let plugins: [Plugin]
    /// Everything, as it was read.
    let document: JSONValue

    /// The versions that this runtime speaks, the oldest first.
    private static let versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]

    /// - Parameter document: a list of plugins (`*.conflist`), or a single one (`*.conf`).
    package init(_ document: JSONValue) throws(NetworkFailure) {
        guard let name = document["name"]?.string, !name.isEmpty else { throw Self.bad("no name", "a field name") }
        self.name = name
        self.document = document
        version = try Self.version(of: document)
        let list = document["plugins"].map { $0.array ?? [] } ?? [document]
        guard !list.isEmpty else { throw Self.bad("no plugins", "at least one in the field plugins") }
        plugins = try list.map { value throws(NetworkFailure) in
            // The type becomes a path.
            guard let fields = value.object, let type = fields["type"]?.string, !type.isEmpty, !type.utf8.contains(UInt8(ascii: "/")),
                type != "." && type != ".."
            else {
                throw Self.bad(
                    "a plugin with type \(value["type"].map { String(decoding: JSONWriter.bytes($0), as: UTF8.self) } ?? "missing")",
                    "the name of a program")
            }
            return Plugin(type: type, fields: fields)
        }
    }

    /// The highest of `cniVersions` that is known, else `cniVersion`, which is 0.1.0 when it is missing.
    private static func version(of document: JSONValue) throws(NetworkFailure) -> String {
        let offered = (document["cniVersions"]?.array ?? []).compactMap(\.string)
        if let best = versions.last(where: offered.contains) { return best }
        let version = document["cniVersion"]?.string ?? ""
        if version.isEmpty { return versions[0] }
        guard versions.contains(version) else { throw bad("cniVersion \(version)", "one of \(versions.joined(separator: ", "))") }
        return version
    }

    private static func bad(_ found: String, _ wanted: String) -> NetworkFailure {
        NetworkFailure(.notReady, "CNI configuration: found \(found), wanted \(wanted)")
    }

    /// Whether DEL gets the result of ADD, as the specification wants since 0.4.0.
    var remembersResults: Bool { Self.versions.firstIndex(of: version).map { $0 >= 4 } ?? false }

    /// Returns a plugin's standard input.
    /// - Parameter previous: the result of the plugin before it, or for a removal that of the whole addition.
    func request(to plugin: Plugin, previous: JSONValue?, bandwidth: PodBandwidth) -> JSONValue {
        var fields = plugin.fields
        fields["name"] = .string(name)
        fields["cniVersion"] = .string(version)
        if let previous { fields["prevResult"] = previous }
        if plugin.has("bandwidth"), let limits = Self.limits(bandwidth) { fields["runtimeConfig"] = ["bandwidth": limits] }
        return .object(fields)
    }

    /// Bits per second, with bursts as large as the plugin takes them.
    private static func limits(_ bandwidth: PodBandwidth) -> JSONValue? {
        var limits: [String: JSONValue] = [:]
        for (direction, rate) in [("ingress", bandwidth.ingress), ("egress", bandwidth.egress)] {
            guard let rate else { continue }
            limits[direction + "Rate"] = .integer(rate)
            limits[direction + "Burst"] = .integer(Int64(Int32.max))
        }
        return limits.isEmpty ? nil : .object(limits)
    }
}
