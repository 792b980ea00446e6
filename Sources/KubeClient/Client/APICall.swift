/// One HTTP call, before it is sent.
package struct APICall: Sendable {
    package static let defaultTimeout = Duration.seconds(10)
    package static let listTimeout = Duration.seconds(30)
    /// Asks for an answer with the object's metadata alone. A server that does not know it sends the whole object.
    static let metadataAlone = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json"

    package var method: String
    package var path: String
    package var query: [(String, String)]
    package var body: [UInt8]?
    package var contentType: String
    var accept = "application/json"
    /// For the whole call: waiting for the rate limit, connecting, the answer.
    package var timeout: Duration
    /// The verb and object for messages, such as `get` and `pods default/web`.
    package var operation: String
    package var object: String
    /// The answer may have this many bytes.
    package var largestAnswer: Int
    package var priority: CallPriority
    /// Whether a second try does no harm when the first may have reached the server: it reads, or asks for an answer that is not stored.
    var isRepeatable: Bool

    package init(
        _ method: String, _ path: String, query: [(String, String)] = [], body: [UInt8]? = nil, contentType: String = "application/json",
        timeout: Duration = APICall.defaultTimeout, operation: String? = nil, object: String? = nil,
        largestAnswer: Int = 32 << 20,
        priority: CallPriority = .ordinary
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.contentType = contentType
        self.timeout = timeout
        self.operation = operation ?? method
        self.object = object ?? path
        self.largestAnswer = largestAnswer
        self.priority = priority
        isRepeatable = method == "GET"
    }
}
