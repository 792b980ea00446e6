import ArgumentParser
import PodCore

extension Images {
    /// `swiftlet images pull`.
    struct Pull: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Pull an image from its registry, without credentials or with those of the node.")

        @OptionGroup var store: ImageStoreOptions

        @Argument(help: "The image, as a pod names it.")
        var reference: String

        @Flag(help: "Keep the image however full the disk is.")
        var pin = false

        func run() async throws {
            let answer = try await store.perform(.pull(reference: reference, pins: pin)) { [reference] office in
                await PullScreen.show {
                    guard case .progress(let status) = try await office(.progress(reference: reference)) else { return nil }
                    return status
                }
            }
            guard case .images(let images) = answer else { throw ImageStoreOptions.otherAnswer }
            try await Images.show(images)
        }
    }

    /// `swiftlet images import`.
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import images from an archive of 'docker save' or an OCI layout.",
            discussion: "A tar file, plain or compressed with gzip or zstd, or a folder. Imported images are pinned unless --no-pin is given.")

        @OptionGroup var store: ImageStoreOptions

        @Argument(help: "The file or folder.")
        var path: String

        @Option(help: "The image's name, for an archive with one image.")
        var name: String?

        @Flag(inversion: .prefixedNo, help: "Keep the images however full the disk is.")
        var pin = true

        func run() async throws {
            let request = ImageRequest.importFile(path: ImageStoreOptions.absolute(path), name: name, pins: pin)
            guard case .images(let images) = try await store.perform(request) else { throw ImageStoreOptions.otherAnswer }
            try await Images.show(images)
            for image in images where image.image.names.isEmpty {
                StandardStream.complain("image \(image.image.id) has no name, so only its ID leads to it; give it a name with --name")
            }
        }
    }

    /// `swiftlet images export`.
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write an image into a tar file for 'docker load' or as an OCI layout.",
            discussion:
                "The layers are written anew from their files, so the exported image has the same content and name, and another ID and digest.")

        @OptionGroup var store: ImageStoreOptions

        @Argument(help: "The image, by name, digest or ID.")
        var reference: String

        @Argument(help: "The new file.")
        var path: String

        @Option(help: "docker or oci.")
        var format = ArchiveFormat.docker

        func run() async throws {
            _ = try await store.perform(.export(reference: reference, path: ImageStoreOptions.absolute(path), format: format))
        }
    }
}

extension ArchiveFormat: ExpressibleByArgument {}
