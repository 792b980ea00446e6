import ArgumentParser
import NodeServer
import PodCore

extension Images {
    /// `swiftlet images verify`.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare all images with their digests.",
            discussion:
                "Of each layer, the names, kinds, owners, modes, sizes and times of its files are compared. Exit code 1 when an image is damaged.")

        @OptionGroup var store: ImageStoreOptions

        func run() async throws {
            guard case .verified(let findings) = try await store.perform(.verify) else { throw ImageStoreOptions.otherAnswer }
            try await StandardStream.output.write(Array(ImageTable.text(findings).utf8))
            if findings.contains(where: { !$0.problems.isEmpty }) { throw ExitCode.failure }
        }
    }

    /// `swiftlet images df`.
    struct Usage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "df", abstract: "Show what the images take of their disk.")

        @OptionGroup var store: ImageStoreOptions

        func run() async throws {
            guard case .usage(let usage) = try await store.perform(.usage) else { throw ImageStoreOptions.otherAnswer }
            try await StandardStream.output.write(Array(ImageTable.text(usage).utf8))
        }
    }
}
