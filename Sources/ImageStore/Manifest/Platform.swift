/// The platform of an image, in Go's names.
struct Platform: Sendable, Hashable, CustomStringConvertible {
    let os: String
    let architecture: String

    /// The machine that this program was compiled for.
    static var host: Platform {
        #if arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #else
            Platform(os: "linux", architecture: "amd64")
        #endif
    }

    var description: String { "\(os)/\(architecture)" }
}
