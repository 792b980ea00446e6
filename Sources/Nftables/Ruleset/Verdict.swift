/// Where a packet goes next.
package enum Verdict: Sendable, Hashable {
    case accept
    case drop
    case `return`
    case jump(String)
    case goto(String)

    /// The chain that it refers to.
    package var chain: String? {
        switch self {
        case .jump(let chain), .goto(let chain): chain
        case .accept, .drop, .return: nil
        }
    }

    package var text: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        case .return: "return"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }
}
