import KubeModel
import NIOCore

/// A client's message about the size of its terminal, the same over every protocol.
enum TerminalSizeMessage {
    /// A size that does not decode changes nothing, as with kubelet, and neither does that of a client without a terminal, which is 0 times 0.
    static func decode(_ bytes: some Collection<UInt8>) -> ClientMessage {
        guard let size = try? JSONParser.parse(bytes),
            let width = size["Width"]?.integer.flatMap(UInt16.init(exactly:)), let height = size["Height"]?.integer.flatMap(UInt16.init(exactly:)),
            width > 0 || height > 0
        else { return .nothing }
        return .resize(width: width, height: height)
    }
}
