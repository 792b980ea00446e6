/// The form of answer that the client prefers, from its Accept header.
enum Negotiation: Sendable, Equatable {
    case object
    case table
    case partial
    case aggregatedDiscovery

    /// The first form in the list that is served; protobuf and unknown forms are passed over, and JSON is the fallback.
    init(accept: String) {
        for option in accept.split(separator: ",") {
            let parts = option.split(separator: ";").map { String($0).trimmingSpace }
            guard let media = parts.first, ["application/json", "*/*", "application/*"].contains(media) else { continue }
            var parameters: [String: String] = [:]
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
                if pair.count == 2 { parameters[pair[0]] = pair[1] }
            }
            switch (parameters["as"], parameters["g"], parameters["v"]) {
            case (nil, _, _): self = .object
            case ("Table", "meta.k8s.io", "v1"): self = .table
            case ("PartialObjectMetadata", "meta.k8s.io", "v1"), ("PartialObjectMetadataList", "meta.k8s.io", "v1"): self = .partial
            case ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"): self = .aggregatedDiscovery
            default: continue
            }
            return
        }
        self = .object
    }
}
