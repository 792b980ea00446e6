/// The paths below `/ui`: a page about the node, and the document that it shows.
package enum NodePagePath: Sendable, Hashable, CaseIterable {
    /// `/ui/`, also without the slash at its end.
    case page
    /// `/ui/data.json`
    case data

    /// Returns `nil` for any other path.
    package init?(_ segments: [String]) {
        switch segments {
        case ["ui"]: self = .page
        case ["ui", "data.json"]: self = .data
        default: return nil
        }
    }

    package var segments: [String] {
        switch self {
        case .page: ["ui"]
        case .data: ["ui", "data.json"]
        }
    }
}
