/// The versions that this program reports.
enum Version {
    static let swiftlet = "0.1.0"
    /// The kubelet that this agent replaces: version-skew rules and test suites read it.
    static let kubernetes = "v1.36.2"
}
