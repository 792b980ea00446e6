/// The channels inside a stream's WebSocket: the first byte of every message.
package enum StreamChannel {
    package static let stdin: UInt8 = 0
    package static let stdout: UInt8 = 1
    package static let stderr: UInt8 = 2
    package static let error: UInt8 = 3
    package static let resize: UInt8 = 4
    /// `v5`: the next byte names a channel that its sender has ended.
    package static let close: UInt8 = 255
}
