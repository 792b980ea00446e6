/// The traffic of a network interface since it was made (`/proc/net/dev`).
package struct InterfaceCounters: Sendable, Hashable {
    /// One direction.
    package struct Direction: Sendable, Hashable {
        package var bytes: UInt64
        package var packets: UInt64
        package var errors: UInt64
        package var dropped: UInt64

        package init(bytes: UInt64 = 0, packets: UInt64 = 0, errors: UInt64 = 0, dropped: UInt64 = 0) {
            self.bytes = bytes
            self.packets = packets
            self.errors = errors
            self.dropped = dropped
        }
    }

    package let name: String
    package var received: Direction
    package var sent: Direction

    package init(name: String, received: Direction = Direction(), sent: Direction = Direction()) {
        self.name = name
        self.received = received
        self.sent = sent
    }
}
