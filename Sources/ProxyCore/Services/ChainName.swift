/// The chains of the table.
enum ChainName {
    static let natPrerouting = "nat-prerouting"
    static let natOutput = "nat-output"
    static let natPostrouting = "nat-postrouting"
    static let filterPrerouting = "filter-prerouting"
    static let filterOutput = "filter-output"
    static let services = "services"
    static let unservable = "unservable"

    static func pick(_ count: Int) -> String { "pick-\(count)" }
    static func nodePortPick(_ count: Int) -> String { "nodeport-pick-\(count)" }
}
