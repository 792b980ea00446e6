import KubeModel

/// The headers of a probe's or hook's request, by kubelet's rules.
struct RequestHeaders {
    /// `nil` without a header of that name.
    let host: String?
    let others: [HTTPCheck.Header]

    /// The transport decides these. Kubelet does not send them either.
    private static let transport: Set<String> = ["Content-Length", "Host", "Trailer", "Transfer-Encoding", "User-Agent"]

    /// An empty first `User-Agent` or `Accept` leaves the header out; without one the default is sent. Only one `User-Agent` is sent.
    init(_ wanted: [HTTPGetAction.Header], userAgent: String) {
        let headers = wanted.map { HTTPCheck.Header(Self.canonical($0.name), Self.trimmed($0.value)) }
        func first(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        host = first("Host").flatMap { $0.isEmpty ? nil : $0 }
        let agent = first("User-Agent") ?? userAgent
        var others = agent.isEmpty ? [] : [HTTPCheck.Header("User-Agent", agent)]
        let accept = first("Accept")
        if accept == nil { others.append(HTTPCheck.Header("Accept", "*/*")) }
        others += headers.filter { !Self.transport.contains($0.name) && !($0.name == "Accept" && accept?.isEmpty == true) }
        self.others = others
    }

    /// `x-real-IP` becomes `X-Real-Ip`, as Go writes names. Any other name stays as it is.
    private static func canonical(_ name: String) -> String {
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return name }
        return name.split(separator: "-", omittingEmptySubsequences: false).map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
            .joined(separator: "-")
    }

    private static func trimmed(_ text: String) -> String {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
