/// What this program is and what it stands for.
enum Version {
    static let swiftlet = "0.1.0"
    /// The kubelet that this agent stands in for: version-skew rules and test suites read it.
    static let kubernetes = "v1.36.2"
}
