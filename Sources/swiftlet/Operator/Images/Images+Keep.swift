import ArgumentParser
import NodeServer
import PodCore

extension Images {
    /// `swiftlet images rm`.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Remove an image that no container uses.",
            discussion: "Of an image with several names, only the given one goes.")

        @OptionGroup var store: ImageStoreOptions

        @Argument(help: "The image, by name, digest or ID.")
        var reference: String

        func run() async throws {
            guard case .removed(let images) = try await store.perform(.remove(reference: reference)) else { throw ImageStoreOptions.otherAnswer }
            try await StandardStream.output.write(Array(ImageTable.text(images, isDryRun: false).utf8))
        }
    }

    /// `swiftlet images prune`.
    struct Prune: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove all images that no container uses, and what is left of pulls.",
            discussion: "Pinned images stay, and those that came or were asked for within imageMinimumGCAge.")

        @OptionGroup var store: ImageStoreOptions

        @Flag(help: "Only name the images.")
        var dryRun = false

        func run() async throws {
            guard case .removed(let images) = try await store.perform(.prune(isDryRun: dryRun)) else { throw ImageStoreOptions.otherAnswer }
            try await StandardStream.output.write(Array(ImageTable.text(images, isDryRun: dryRun).utf8))
        }
    }

    /// `swiftlet images pin`.
    struct Pin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Keep an image however full the disk is.")

        @OptionGroup var store: ImageStoreOptions

        @Argument(help: "The image, by name, digest or ID.")
        var reference: String

        func run() async throws { _ = try await store.perform(.pin(reference: reference, isPinned: true)) }
    }

    /// `swiftlet images unpin`.
    struct Unpin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End the pin of an image.")

        @OptionGroup var store: ImageStoreOptions

        @Argument(help: "The image, by name, digest or ID.")
        var reference: String

        func run() async throws { _ = try await store.perform(.pin(reference: reference, isPinned: false)) }
    }
}
