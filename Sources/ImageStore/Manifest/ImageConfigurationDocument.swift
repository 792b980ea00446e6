import FoundationEssentials
import PodCore

/// The image configuration that a manifest names: the process, the platform and the layers.
struct ImageConfigurationDocument: Sendable, Hashable {
    let config: ImageConfig
    /// Digests of the uncompressed layers, lowest first.
    let diffIDs: [ContentDigest]

    /// Bytes of environment, command and volumes together, for each entry 16 more than its text. Those of every image stay in memory, and no
    /// container starts with many more.
    static let mostKeptBytes = 256 << 10

    private struct Fields: Decodable {
        struct Config: Decodable {
            let user: String?
            let env: [String]?
            let entrypoint: [String]?
            let cmd: [String]?
            let workingDir: String?
            let stopSignal: String?
            let volumes: [String: Anything]?

            enum CodingKeys: String, CodingKey {
                case user = "User"
                case env = "Env"
                case entrypoint = "Entrypoint"
                case cmd = "Cmd"
                case workingDir = "WorkingDir"
                case stopSignal = "StopSignal"
                case volumes = "Volumes"
            }
        }

        /// Volumes are the keys of an object whose values have no meaning.
        struct Anything: Decodable {
            init(from decoder: any Decoder) throws {}
        }

        struct RootFS: Decodable {
            let type: String
            let diffIDs: [ContentDigest]

            enum CodingKeys: String, CodingKey {
                case type
                case diffIDs = "diff_ids"
            }
        }

        let architecture: String?
        let os: String?
        let variant: String?
        let config: Config?
        let rootfs: RootFS
    }

    /// In the place of a configuration, for an artifact.
    init(of files: [ArtifactFile]) {
        config = ImageConfig()
        diffIDs = [ArtifactFile.digest(of: files)]
    }

    /// The platform of a configuration, `nil` where there is none or the bytes are no configuration.
    static func platform(of bytes: [UInt8]) -> Platform? {
        let found = try? JSONDecoder().decode(Platform.self, from: Data(bytes))
        return found?.architecture.isEmpty == true ? nil : found
    }

    init(_ bytes: [UInt8], layers: Int, platform: Platform, object: String) throws(ImageStoreError) {
        func bad(_ code: ImageStoreError.Code, _ detail: String) -> ImageStoreError {
            ImageStoreError(code, "read image configuration", object, detail)
        }

        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
        } catch {
            throw bad(.malformed, "found no image configuration as JSON: \(DecodingFailure.text(error))")
        }
        // Some builders leave the platform out.
        if let architecture = fields.architecture, !architecture.isEmpty {
            let found = Platform(os: fields.os ?? "", architecture: architecture, variant: fields.variant ?? "")
            guard platform.rank(of: found) != nil else {
                throw bad(.unsupported, "found an image for \("\(found)".prefix(100)), wanted one for \(platform)")
            }
        }
        guard fields.rootfs.type == "layers" else {
            throw bad(.malformed, "found rootfs.type \"\(fields.rootfs.type.prefix(50))\", wanted \"layers\"")
        }
        guard fields.rootfs.diffIDs.count == layers else {
            throw bad(.malformed, "found \(fields.rootfs.diffIDs.count) diff_ids for \(layers) layers")
        }
        let written = fields.config
        let words = [written?.user, written?.workingDir, written?.stopSignal].map { $0 ?? "" }
        let parts = [words, written?.env ?? [], written?.entrypoint ?? [], written?.cmd ?? [], Array((written?.volumes ?? [:]).keys)]
        let kept = parts.joined().reduce(0) { $0 + 16 + $1.utf8.count }
        guard kept <= Self.mostKeptBytes else {
            throw bad(.tooLarge, "found an environment, a command and volumes of \(kept) bytes, wanted at most \(Self.mostKeptBytes)")
        }
        config = ImageConfig(
            user: written?.user ?? "", env: written?.env ?? [], entrypoint: written?.entrypoint ?? [], cmd: written?.cmd ?? [],
            workingDir: written?.workingDir ?? "", stopSignal: written?.stopSignal ?? "",
            volumes: (written?.volumes ?? [:]).keys.sorted())
        diffIDs = fields.rootfs.diffIDs
    }
}
