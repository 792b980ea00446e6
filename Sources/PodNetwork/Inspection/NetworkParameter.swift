/// A setting below /proc/sys/net that the pod network relies on.
package struct NetworkParameter: Sendable, Hashable {
    /// The path below /proc/sys/net, e.g. `ipv4/ip_forward`.
    package let name: String
    package let value: String
    /// The only value that is replaced; `nil` replaces every other.
    package let replaces: String?

    package init(_ name: String, _ value: String, replaces: String? = nil) {
        self.name = name
        self.value = value
        self.replaces = replaces
    }

    /// `net.ipv4.ip_forward`, as `sysctl` names it.
    package var dotted: String { "net." + name.split(separator: "/").joined(separator: ".") }
}
