import FoundationEssentials
import ImageStore
import NodeAgent

extension RegistryConfiguration {
    /// The access to registries from the agent's configuration, its environment and docker's files.
    init(_ configuration: AgentConfiguration) {
        let environment = ProcessInfo.processInfo.environment
        let providers = configuration.process.credentialProviders.map {
            CredentialProvider(
                name: $0.name, executable: $0.executable, arguments: $0.args, environment: $0.env, matchImages: $0.matchImages,
                defaultCacheDuration: $0.defaultCacheDuration, apiVersion: $0.apiVersion, account: $0.tokenAttributes.map(AccountRule.init))
        }
        self.init(
            hosts: Self.hosts(configuration.swiftlet),
            proxies: RegistryProxies(environment: environment),
            credentials: NodeCredentials(
                rootDirectory: configuration.process.rootDirectory, workingDirectory: FileManager.default.currentDirectoryPath,
                home: environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }, providers: providers))
    }

    private static func hosts(_ settings: SwiftletSettings) -> [String: Host] {
        settings.registries.mapValues { Host(endpoints: $0.mirrors, insecure: $0.insecure, caFile: $0.caFile) }
    }
}

extension AccountRule {
    fileprivate init(_ attributes: CredentialProviderSettings.TokenAttributes) {
        self.init(
            audience: attributes.audience, caching: attributes.cacheType == .token ? .token : .account,
            isRequired: attributes.requiresServiceAccount, requiredAnnotations: attributes.requiredAnnotationKeys,
            optionalAnnotations: attributes.optionalAnnotationKeys)
    }
}
