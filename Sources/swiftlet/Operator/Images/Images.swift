import ArgumentParser
import KubeModel
import NodeServer
import PodCore
import Timing

/// `swiftlet images`: looks at the node's images and changes them.
struct Images: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the node's images, and bring, keep or remove them.",
        discussion:
            "Works through the agent. While it does not run, all but rm and prune work on the image store itself.",
        subcommands: [
            List.self, Pull.self, Remove.self, Pin.self, Unpin.self, Prune.self, Verify.self, Import.self, Export.self, Usage.self,
        ], defaultSubcommand: List.self)

    /// `swiftlet images ls`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List the images of this node.")

        @OptionGroup var store: ImageStoreOptions

        @Option(name: .shortAndLong, help: "Print JSON.")
        var output: OutputFormat?

        func run() async throws {
            guard case .images(let images) = try await store.perform(.list) else { throw ImageStoreOptions.otherAnswer }
            try await Images.show(images, asJSON: output == .json)
        }
    }

    static func show(_ images: [StoredImage], asJSON: Bool = false) async throws {
        if asJSON { return try await StandardStream.output.write(JSONText.of(images)) }
        guard !images.isEmpty else { return StandardStream.complain("no images on this node") }
        try await StandardStream.output.write(Array(ImageTable.text(images, now: SystemTime().wallTime().seconds).utf8))
    }
}
