import FoundationEssentials
import Glibc
import KubeModel
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// Problems as a person reads them on standard error, and in the file of `--log` as container managers do.
struct OCILog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning
    let path: String?
    let format: OCICommandLine.LogFormat

    init(path: String?, format: OCICommandLine.LogFormat) {
        self.path = path
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    private struct Line: Encodable {
        let level: String
        let msg: String
        let time: String
    }

    func log(event: LogEvent) {
        OCICommand.tell(STDERR_FILENO, "swiftlet oci: \(event.message)")
        guard let path, let file = try? OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600) else { return }
        let line = Line(level: event.level.rawValue, msg: "\(event.message)", time: Timestamp.now.rfc3339())
        let text =
            switch format {
            case .text: "time=\"\(line.time)\" level=\(line.level) msg=\"\(line.msg)\""
            case .json: (try? JSONEncoder().encode(line)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            }
        try? file.writeAll(Array((text + "\n").utf8))
    }
}
