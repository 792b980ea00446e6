extension SwiftletSettings {
    mutating func read(_ reader: inout FieldReader) throws {
        var found: [String: Registry] = [:]
        try reader.named("registries") { host, reader in
            var registry = Registry()
            try reader.read("mirrors", into: &registry.mirrors)
            try reader.read("insecure", into: &registry.insecure)
            try reader.read("caFile", into: &registry.caFile)
            found[host] = registry
        }
        if reader.node("registries") != nil { registries = found }
        try reader.nested("network") { reader in
            try reader.read("mode", into: &network.mode)
            try reader.read("routing", into: &network.routing)
            try reader.read("antiSpoofing", into: &network.antiSpoofing)
            try reader.read("bridge", into: &network.bridge)
            // IFNAMSIZ counts the byte at the end.
            if let node = reader.node("bridge"), network.bridge.isEmpty || network.bridge.utf8.count > 15 || network.bridge.contains("/") {
                throw reader.bad(node, "bridge", "found '\(network.bridge)', wanted an interface name of 1 to 15 bytes")
            }
            try reader.read("mtu", into: &network.mtu, in: 0...65535)
            if let node = reader.node("mtu"), network.mtu != 0, network.mtu < 576 {
                throw reader.bad(node, "mtu", "found \(network.mtu), wanted 0 or at least 576")
            }
            try reader.readRanges("podCIDR", into: &network.podCIDR)
            try reader.read("cniConfDir", into: &network.cniConfDir)
            try reader.read("cniBinDirs", into: &network.cniBinDirs)
            for (key, paths) in [("cniConfDir", [network.cniConfDir]), ("cniBinDirs", network.cniBinDirs)] {
                guard let node = reader.node(key), let wrong = paths.isEmpty ? "" : paths.first(where: { !$0.hasPrefix("/") }) else { continue }
                throw reader.bad(node, key, "found '\(wrong)', wanted a path that begins with /")
            }
        }
        try reader.nested("imageLimits") { try imageLimits.read(&$0) }
        try reader.read("cgroupRoot", into: &cgroupRoot)
        try reader.read("requireControllers", into: &requireControllers)
        try reader.read("setKernelParameters", into: &setKernelParameters)
        try reader.read("runtimeHandlers", into: &runtimeHandlers)
        try reader.read("nodeLabels", into: &nodeLabels)
        if let node = reader.node("nodeLabels") {
            for (key, value) in nodeLabels.sorted(by: { $0.key < $1.key }) {
                if let problem = NodeLabels.problem(key: key, value: value) { throw reader.bad(node.member(key) ?? node, "nodeLabels", problem) }
            }
        }
        for (key, field) in Self.paths {
            try reader.read(key, into: &self[keyPath: field])
            if let node = reader.node(key), !self[keyPath: field].hasPrefix("/") {
                throw reader.bad(node, key, "found '\(self[keyPath: field])', wanted a path that begins with /")
            }
        }
    }

    private static var paths: [(String, WritableKeyPath<SwiftletSettings, String>)] {
        [
            ("adminSocket", \.adminSocket), ("imageRoot", \.imageRoot), ("imageImports", \.imageImports), ("shimPath", \.shimPath),
            ("pausePath", \.pausePath),
        ]
    }
}
