/// The container images of this node. `ImageStore` conforms.
package protocol ImageService: Sendable {
    /// The image that a reference names, if it is on this node, unpacked and whole.
    func image(_ reference: String) async throws(ImageFailure) -> ImageDescription?

    /// Fetches an image and unpacks it. Concurrent pulls of one reference share the work.
    func pull(_ reference: String, credentials: [RegistryCredential]) async throws(ImageFailure) -> ImageDescription

    /// Resolves a user string (`name`, `uid`, `user:group`, `uid:gid`; empty for root) by the image's /etc/passwd and /etc/group.
    func user(_ user: String, in image: ImageDescription) async throws(ImageFailure) -> ImageUser

    /// Every image on the node.
    func images() async -> [ImageDescription]

    /// The knowledge about the pods that may use an image of this node under a name.
    func permission(toUse image: ImageDescription, as reference: String) async -> ImageAccess

    /// Whether one of the credentials has brought the image under this name, or is of a Secret or service account that did. Notes what is new about them.
    func admits(_ credentials: [RegistryCredential], to image: ImageDescription, as reference: String) async -> Bool

    /// Asks the credential providers that want a token of the pod's service account.
    /// - Parameter account: `nil` for a pod without one, such as a static pod.
    func credentials(of account: (any PodAccount)?, for reference: String) async -> AccountCredentials

    /// How far the pull of a reference is; `nil` if none is under way.
    func progress(of reference: String) async -> ImagePullStatus?
}

extension ImageService {
    package func credentials(of account: (any PodAccount)?, for reference: String) async -> AccountCredentials { AccountCredentials() }
    package func progress(of reference: String) async -> ImagePullStatus? { nil }
}

/// An image on this node, ready to be a container's root or a volume, or an artifact, which can be a volume alone.
package struct ImageDescription: Sendable, Hashable, Codable {
    /// Digest of the image's configuration or of the artifact's manifest, `sha256:<hex>`.
    package let id: String
    /// The references that name it here: tags as they were asked for.
    package let names: [String]
    /// `<repository>@sha256:<hex>` of the manifest that was pulled: a container status's `imageID`.
    package let repoDigests: [String]
    /// Bytes of the compressed layers and the configuration.
    package let size: Int64
    package let config: ImageConfig
    /// Unpacked layers as absolute directories, topmost first, the order of overlayfs' `lowerdir`.
    package let lowerDirectories: [String]
    /// Absent for images, and in answers of earlier agents.
    private let artifact: Bool?

    /// Files of any kind, not an image.
    package var isArtifact: Bool { artifact ?? false }

    package init(
        id: String, names: [String], repoDigests: [String], size: Int64, config: ImageConfig, lowerDirectories: [String], isArtifact: Bool = false
    ) {
        self.id = id
        self.names = names
        self.repoDigests = repoDigests
        self.size = size
        self.config = config
        self.lowerDirectories = lowerDirectories
        artifact = isArtifact ? true : nil
    }
}

/// The `config` object of an OCI image configuration.
package struct ImageConfig: Sendable, Hashable, Codable {
    package var user: String
    package var env: [String]
    package var entrypoint: [String]
    package var cmd: [String]
    package var workingDir: String
    /// `SIGTERM`, `15` or empty.
    package var stopSignal: String
    /// Absent in the index of stores that did not read them, and where there are none.
    private var writtenVolumes: [String]?

    /// Paths in the container, as the image has them, in the order of the alphabet.
    package var volumes: [String] { writtenVolumes ?? [] }

    package init(
        user: String = "", env: [String] = [], entrypoint: [String] = [], cmd: [String] = [], workingDir: String = "", stopSignal: String = "",
        volumes: [String] = []
    ) {
        self.user = user
        self.env = env
        self.entrypoint = entrypoint
        self.cmd = cmd
        self.workingDir = workingDir
        self.stopSignal = stopSignal
        writtenVolumes = volumes.isEmpty ? nil : volumes
    }
}

/// A user as the image's account files resolve it.
package struct ImageUser: Sendable, Hashable {
    package let uid: UInt32
    package let gid: UInt32
    /// Groups of /etc/group that list the user.
    package let additionalGids: [UInt32]
    package let home: String?

    package init(uid: UInt32, gid: UInt32, additionalGids: [UInt32] = [], home: String? = nil) {
        self.uid = uid
        self.gid = gid
        self.additionalGids = additionalGids
        self.home = home
    }
}

/// A user name and password for a registry, from a pull secret or a credential provider. Its description never shows the password.
package struct RegistryCredential: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// `host[:port][/path]`, possibly with `*` in host labels.
    package let registry: String
    package let username: String
    package let password: String
    /// The Secret that it is from, or the service account that it is for; `nil` for a credential of the node.
    package let owner: CredentialOwner?

    package init(registry: String, username: String, password: String, owner: CredentialOwner? = nil) {
        self.registry = registry
        self.username = username
        self.password = password
        self.owner = owner
    }

    /// The same login, wherever it is from.
    package var login: RegistryCredential { of(nil) }

    package func of(_ owner: CredentialOwner?) -> RegistryCredential {
        RegistryCredential(registry: registry, username: username, password: password, owner: owner)
    }

    package var description: String { "RegistryCredential(\(registry), \(username), redacted)" }
    package var debugDescription: String { description }
}

/// Why an image is not there.
package struct ImageFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The reference is invalid: waiting reason `InvalidImageName`.
        case invalidName
        /// The registry does not have the image, refuses, is not found, or sent something else: `ErrImagePull`.
        case pullFailed
        /// The registry's host refuses connections, or a gateway answers in its place: `RegistryUnavailable`.
        case registryUnavailable
        /// The store's disk has too little room: `ErrImagePull`.
        case noRoom
        /// The local store failed: `ImageInspectError`.
        case storeFailed
        /// The named user or group is not in the image: `CreateContainerConfigError`.
        case unknownUser
    }

    package let code: Code
    /// Found, wanted, what to do. Names the image.
    package let message: String
    /// For `noRoom`: the bytes that have to be free, as far as that is known.
    package let freeBytes: Int64?

    package init(_ code: Code, _ message: String, freeBytes: Int64? = nil) {
        self.code = code
        self.message = message
        self.freeBytes = freeBytes
    }

    package var description: String { message }
}
