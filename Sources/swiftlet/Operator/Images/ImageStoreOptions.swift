import ArgumentParser
import Glibc
import ImageStore
import Logging
import NodeAgent
import NodeServer
import PodCore

/// The way to the image store: through the agent, or to the store itself while the agent does not run.
struct ImageStoreOptions: ParsableArguments {
    @OptionGroup var agent: AgentSocket

    @Option(help: "While swiftlet does not run: its configuration file, for registries and limits.")
    var config: String?

    @Option(help: "While swiftlet does not run: the folder of the images. Default: imageRoot of the configuration.")
    var imageRoot: String?

    @Option(help: "While swiftlet does not run: the folder with docker's config.json. Default: /var/lib/kubelet.")
    var rootDir: String?

    @Option(help: "While swiftlet does not run: as with 'swiftlet run'.")
    var imageCredentialProviderConfig: String?

    @Option(help: "While swiftlet does not run: as with 'swiftlet run'.")
    var imageCredentialProviderBinDir: String?

    static let otherAnswer = CommandFailure("the agent gave another answer than was asked for (another version of swiftlet?)")

    typealias Office = @Sendable (ImageRequest) async throws -> ImageAnswer

    /// Has a piece of work done.
    /// - Parameter meanwhile: runs beside the work, and is cancelled at its end.
    func perform(_ request: ImageRequest, meanwhile: (@Sendable (Office) async -> Void)? = nil) async throws -> ImageAnswer {
        if try agent.isAnswered() {
            let client = try AdminClient(agent)
            return try await Self.perform(request, meanwhile) { try await client.post(.images, $0) }
        }
        guard geteuid() == 0 else { throw CommandFailure("only root may use the image store") }
        var flags = FlagOverrides()
        flags.rootDirectory = rootDir
        flags.credentialProviderConfig = imageCredentialProviderConfig
        flags.credentialProviderDirectory = imageCredentialProviderBinDir
        let configuration = try ConfigurationLoader.load(file: config, flags: flags)
        let settings = configuration.swiftlet
        do {
            let store = try await ImageStore.open(
                directory: imageRoot ?? settings.imageRoot, registries: RegistryConfiguration(configuration),
                limits: ImageLimits(settings.imageLimits),
                logger: Logger(label: "swiftlet") { StreamLogHandler.standardError(label: $0) })
            let desk = ImageDesk(store: store, agent: nil)
            let outcome: Result<ImageAnswer, any Error>
            do {
                outcome = .success(try await Self.perform(request, meanwhile) { try await desk.perform($0) })
            } catch {
                outcome = .failure(error)
            }
            await store.shutdown()
            return try outcome.get()
        } catch let error as ImageFailure {
            throw CommandFailure(error.message)
        }
    }

    private static func perform(
        _ request: ImageRequest, _ meanwhile: (@Sendable (Office) async -> Void)?, _ office: @escaping Office
    ) async throws -> ImageAnswer {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let meanwhile { group.addTask { await meanwhile(office) } }
            let answer = try await office(request)
            group.cancelAll()
            return answer
        }
    }

    /// A path of this program's working directory, for the agent.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}
