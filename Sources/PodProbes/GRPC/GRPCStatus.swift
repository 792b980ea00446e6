import KubeModel
import NIOHPACK

/// The end of a call: a code of gRPC and a message for people.
struct GRPCStatus: Error, Hashable {
    let code: Int
    let message: String

    static let ok = 0
    static let unknown = 2
    static let deadlineExceeded = 4
    static let unimplemented = 12
    static let `internal` = 13
    static let unavailable = 14

    private static let names = [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted",
        "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
    ]

    init(_ code: Int, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Reads the trailers of a call, or the headers of one that has nothing else. A peer that does not speak gRPC answers with a status of HTTP alone.
    init(trailers: HPACKHeaders, httpStatus: String, contentType: String?) {
        if let code = trailers.first(name: "grpc-status").flatMap({ Int($0) }) {
            self.init(code, PercentCoding.decodeLeniently(trailers.first(name: "grpc-message")?[...] ?? ""))
            return
        }
        let codes = ["400": 13, "401": 16, "403": 7, "404": 12, "429": 14, "502": 14, "503": 14, "504": 14]
        var message =
            httpStatus == "200"
            ? "the server closed the stream without sending trailers" : "unexpected HTTP status code received from server: \(httpStatus)"
        if contentType?.hasPrefix("application/grpc") != true {
            message += "; transport: received unexpected content-type \"\(contentType ?? "")\""
        }
        self.init(httpStatus == "200" ? Self.internal : codes[httpStatus] ?? Self.unknown, message)
    }

    /// As gRPC for Go prints it.
    var description: String {
        let name = Self.names.indices.contains(code) ? Self.names[code] : "Code(\(code))"
        return "rpc error: code = \(name) desc = \(message)"
    }
}
