/// The part of the pod network that the operators' socket shows.
package protocol NetworkView: Sendable {
    func attachments() async throws -> NetworkAttachments

    /// - Parameter fix: repairs what can be repaired without a pod's end.
    func check(fix: Bool) async throws -> NetworkCheck
}

/// The pods of this node in its network.
package struct NetworkAttachments: Sendable, Hashable, Codable {
    package struct Attachment: Sendable, Hashable, Codable {
        package var sandbox: String
        /// Empty while the sandbox is still being made.
        package var namespace: String
        package var pod: String
        package var addresses: [String]
        /// The interface on the node.
        package var link: String
        /// Bytes; absent without the interface.
        package var mtu: UInt32?
        /// `connected`, or what is wrong.
        package var state: String

        package init(sandbox: String, namespace: String, pod: String, addresses: [String], link: String, mtu: UInt32?, state: String) {
            self.sandbox = sandbox
            self.namespace = namespace
            self.pod = pod
            self.addresses = addresses
            self.link = link
            self.mtu = mtu
            self.state = state
        }
    }

    package var attachments: [Attachment]

    package init(_ attachments: [Attachment]) { self.attachments = attachments }
}

/// The result of a look at bridge, interfaces, routes, settings and addresses.
package struct NetworkCheck: Sendable, Hashable, Codable {
    package struct Finding: Sendable, Hashable, Codable {
        package var found: String
        package var wanted: String
        package var done: String

        package init(found: String, wanted: String, done: String) {
            self.found = found
            self.wanted = wanted
            self.done = done
        }

        /// It needs no further work.
        package var isRepaired: Bool { !done.hasPrefix("nothing") && !done.hasPrefix("failed") }
    }

    package var findings: [Finding]

    package init(_ findings: [Finding]) { self.findings = findings }
}
