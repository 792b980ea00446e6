package import LinuxSystem

/// The links, addresses, routes and neighbours of one network namespace. Calls block in the kernel (RTNL): make them on
/// a `BlockingPool` or a thread of their own.
package struct NetworkStack: Sendable {
    package let socket: NetlinkSocket

    package init(socket: NetlinkSocket) { self.socket = socket }

    /// The stack of the calling thread's namespace, or of `namespace`.
    package init(namespace: OwnedFileDescriptor? = nil) throws(NetlinkError) {
        guard let namespace else {
            socket = try NetlinkSocket(.route)
            return
        }
        socket = try namespace.withRawValue { (number) throws(NetlinkError) in try NetlinkSocket(.route, namespace: number) }
    }
}
