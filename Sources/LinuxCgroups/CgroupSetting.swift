/// One control file and its value.
struct CgroupSetting: Sendable, Hashable {
    let file: String
    let value: String
    /// Whether this takes something away. A missing file is reported only then: "unlimited" holds without a controller.
    let limits: Bool
}
