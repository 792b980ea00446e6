import PodCore

/// `linux.resources.devices`. The shim allows what every container has and the nodes of `linux.devices`, with reading and writing, and
/// nothing else; making nodes is left to CAP_MKNOD. Rules that ask for exactly that are taken, others are refused: a wider one would be
/// given less than it asks for, a narrower one more.
enum OCIDeviceRules {
    private static let defaults: [(major: Int64, minor: Int64?)] = [
        (1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, nil),
    ]

    static func check(_ rules: [OCISpec.DeviceRule], devices: [OCISpec.Device]) throws(RuntimeFailure) {
        for (index, rule) in rules.enumerated() {
            let type = rule.type ?? "a"
            guard ["a", "b", "c"].contains(type) else {
                throw OCIBundle.invalid("linux.resources.devices[\(index)].type", "\"\(type)\"", "a, b or c")
            }
            let access = Set(rule.access ?? "rwm")
            guard access.isSubset(of: "rwm"), !access.isEmpty else {
                throw OCIBundle.invalid("linux.resources.devices[\(index)].access", "\"\(rule.access ?? "")\"", "some of r, w and m")
            }
            let isWildcard = (rule.major ?? -1) < 0 && (rule.minor ?? -1) < 0
            if !rule.allow {
                guard index == 0, isWildcard, access == Set("rwm") else {
                    throw OCIBundle.unsupported("linux.resources.devices[\(index)]", "a rule that forbids must be the first and forbid everything")
                }
                continue
            }
            if access == ["m"] { continue }
            guard access.isSuperset(of: "rw"), type != "a", let major = rule.major, isGiven(type, major, rule.minor, devices) else {
                throw OCIBundle.unsupported(
                    "linux.resources.devices[\(index)]", "only the default devices and those of linux.devices can be allowed, for reading and writing"
                )
            }
        }
    }

    private static func isGiven(_ type: String, _ major: Int64, _ minor: Int64?, _ devices: [OCISpec.Device]) -> Bool {
        let minor = minor.flatMap { $0 < 0 ? nil : $0 }
        if type == "c", defaults.contains(where: { $0.major == major && $0.minor == minor || $0.major == major && $0.minor == nil }) { return true }
        return devices.contains { device in
            (device.type == "u" ? "c" : device.type) == type && device.major == major && device.minor == minor
        }
    }
}
