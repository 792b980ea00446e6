package import NIOCore

/// How long the clients of streams may take.
package struct StreamTimes: Sendable, Hashable {
    /// After so long without a byte in either direction a connection is ended. The default is kubelet's own.
    package var idle = TimeAmount.hours(4)
    /// To open the SPDY streams that belong together.
    package var creation = TimeAmount.seconds(30)
    /// For a client to send the first size of its terminal, which clients do at once, before the program starts without it.
    package var firstSize = TimeAmount.milliseconds(100)
    /// For a program to take anything of what waits for it, while other connections of the same forward wait behind it.
    package var stall = TimeAmount.seconds(10)
    /// For a client to answer the close of its connection.
    package var farewell = TimeAmount.seconds(2)
    /// For the programs of a forward to take the last bytes of a client that has left.
    package var delivery = TimeAmount.seconds(5)

    /// For answers under way to reach their clients once the server stops.
    package var stop = TimeAmount.seconds(5)

    package init() {}

    package init(idle: Duration) { self.idle = TimeAmount(idle) }
}
