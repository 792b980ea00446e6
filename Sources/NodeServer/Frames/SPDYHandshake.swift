import HTTPTypes
import NIOHTTP1

/// The version of a stream protocol, chosen by headers beside the upgrade to SPDY.
enum SPDYHandshake {
    static let token = "SPDY/3.1"
    private static let versions = "X-Stream-Protocol-Version"

    /// Returns the client's first choice among `supported`, or refuses as kubelet does.
    static func negotiate(_ head: HTTPRequestHead, supported: [String]) throws(Refusal) -> String {
        let offers = head.headers[canonicalForm: versions].map(String.init).filter { !$0.isEmpty }
        guard head.headers.contains(name: versions) else {
            throw Refusal(.badRequest, "unable to upgrade: header \(versions) does not exist in request with \(head.headers.count) headers\n")
        }
        guard !offers.isEmpty else { throw Refusal(.badRequest, "unable to upgrade: header \(versions) names no protocol\n") }
        guard let chosen = offers.first(where: supported.contains) else {
            var answer = HTTPAnswer.text(
                .forbidden,
                "unable to upgrade: unable to negotiate protocol: client supports [\(offers.joined(separator: " "))], "
                    + "server accepts [\(supported.joined(separator: " "))]\n")
            if let name = HTTPField.Name("X-Accepted-Stream-Protocol-Versions") {
                answer.headers[name] = supported.joined(separator: ", ")
            }
            throw Refusal(answer)
        }
        return chosen
    }

    /// The headers of the 101 response.
    static func accept(_ version: String) -> HTTPHeaders { ["Connection": "Upgrade", "Upgrade": token, versions: version] }
}
