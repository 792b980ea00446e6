/// The version of this program.
enum Version {
    static let swiftlet = "0.1.0"
}
