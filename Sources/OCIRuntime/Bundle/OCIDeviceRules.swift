import CLinux
import PodCore

/// `linux.resources.devices` for the shim, which allows what every container has in any case, and the nodes of `linux.devices` where there are no
/// rules. Making nodes is left to CAP_MKNOD: a node is of no use to a process that may not open it.
enum OCIDeviceRules {
    private static let defaults: [(major: Int64, minor: Int64?)] = [
        (1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, nil),
    ]

    /// In their order: the last rule that matches an access counts.
    static func rules(_ rules: [OCISpec.DeviceRule]) throws(RuntimeFailure) -> [swl_device_rule] {
        var result: [swl_device_rule] = []
        for (index, rule) in rules.enumerated() {
            let place = "linux.resources.devices[\(index)]"
            let type = rule.type ?? "a"
            guard ["a", "b", "c"].contains(type), let letter = type.utf8.first else {
                throw OCIBundle.invalid(place + ".type", "\"\(type)\"", "a, b or c")
            }
            let text = rule.access.flatMap { $0.isEmpty ? nil : $0 } ?? "rwm"
            guard Set(text).isSubset(of: "rwm") else { throw OCIBundle.invalid(place + ".access", "\"\(text)\"", "some of r, w and m") }
            let access = (text.contains("r") ? UInt32(SWL_DEVICE_READ) : 0) | (text.contains("w") ? UInt32(SWL_DEVICE_WRITE) : 0)
            if access == 0 { continue }
            let major = try number(rule.major, place)
            let minor = try number(rule.minor, place)
            // A rule for all devices is where lists start. One that means such a device is a wish that would not come true.
            if !rule.allow, type != "a", let fixed = rule.major, fixed >= 0, isDefault(type, fixed, rule.minor) {
                throw OCIBundle.unsupported(place, "\(type) \(fixed):\(rule.minor.map(String.init) ?? "*") has what every container may open")
            }
            result.append(
                swl_device_rule(type: UInt32(letter), major: major, minor: minor, access: access, allow: rule.allow ? 1 : 0, reserved: 0))
        }
        return result
    }

    private static func number(_ value: Int64?, _ place: String) throws(RuntimeFailure) -> UInt32 {
        guard let value, value >= 0 else { return .max }
        guard let number = Int32(exactly: value) else { throw OCIBundle.invalid(place, "the number \(value)", "a device's major and minor") }
        return UInt32(number)
    }

    private static func isDefault(_ type: String, _ major: Int64, _ minor: Int64?) -> Bool {
        let minor = minor.flatMap { $0 < 0 ? nil : $0 }
        return type == "c" && defaults.contains { $0.major == major && (minor == nil || $0.minor == nil || $0.minor == minor) }
    }
}
