/// The chains of the table besides those that pick.
enum ChainName {
    static let natPrerouting = "nat-prerouting"
    static let natOutput = "nat-output"
    static let natPostrouting = "nat-postrouting"
    static let filterPrerouting = "filter-prerouting"
    static let filterOutput = "filter-output"
    static let services = "services"
    static let unservable = "unservable"
    static let refuse = "refuse"
    static let affinity = "affinity"
    static let affinityPostrouting = "affinity-postrouting"
    static let admissionPrerouting = "admission-prerouting"
    static let admissionOutput = "admission-output"
    static let admission = "admission"

    /// Remembers the client's endpoint for this many seconds.
    static func remember(_ timeout: UInt32) -> String { "remember-\(timeout)" }
}
