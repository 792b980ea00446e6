/// The pod network as `swiftlet net` prints it.
package enum NetworkTable {
    package static func text(_ list: NetworkAttachments) -> String {
        var table = TextTable("NAMESPACE", "POD", "SANDBOX", "ADDRESSES", "LINK", "MTU", "STATE")
        for entry in list.attachments {
            table.add(
                entry.namespace.isEmpty ? "-" : entry.namespace, entry.pod.isEmpty ? "-" : entry.pod, String(entry.sandbox.prefix(12)),
                entry.addresses.joined(separator: ","), entry.link, entry.mtu.map { "\($0)" } ?? "-", entry.state)
        }
        return table.text
    }

    package static func text(_ check: NetworkCheck) -> String {
        if check.findings.isEmpty { return "the pod network is as pods need it\n" }
        return check.findings.map { "found   \($0.found)\nwanted  \($0.wanted)\ndone    \($0.done)\n" }.joined(separator: "\n")
    }
}
