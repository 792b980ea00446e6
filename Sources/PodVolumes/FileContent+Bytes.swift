import FoundationEssentials
import Glibc
package import LinuxSystem
package import PodCore

extension FileContent: ContiguousBytesLike {
    package func withBytes(_ body: (UnsafeRawBufferPointer) throws(SystemError) -> Void) throws(SystemError) {
        switch self {
        case .text(let text): try text.withBytes(body)
        case .base64(let text): try [UInt8](Data(base64Encoded: text) ?? Data()).withBytes(body)
        }
    }

    /// Whether the rest of an open file is exactly this content. Holds only a part of the file in memory.
    func isRest(of file: OwnedFileDescriptor) throws(SystemError) -> Bool {
        var isEqual = false
        try withBytes { (bytes) throws(SystemError) in
            var done = 0
            while true {
                // One byte beyond the content tells whether the file is longer.
                let part = try file.read(upTo: min(64 << 10, bytes.count - done + 1))
                if part.isEmpty {
                    isEqual = done == bytes.count
                    return
                }
                guard part.count <= bytes.count - done, part.withUnsafeBytes({ memcmp($0.baseAddress!, bytes.baseAddress! + done, $0.count) }) == 0
                else { return }
                done += part.count
            }
        }
        return isEqual
    }
}
