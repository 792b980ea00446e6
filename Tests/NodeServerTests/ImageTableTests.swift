import NodeServer
import PodCore
import Testing

@Suite struct ImageTableTests {
    private static func image(_ names: [String], digests: [String] = []) -> StoredImage {
        StoredImage(
            image: ImageDescription(
                id: "sha256:" + String(repeating: "ab", count: 32), names: names, repoDigests: digests, size: 1 << 20, config: ImageConfig(),
                lowerDirectories: []), isPinned: names.count > 1, lastUse: 400, idle: .zero, unpackedBytes: 3 << 20, ownBytes: 5)
    }

    @Test("each name of an image has a line") func list() {
        let text = ImageTable.text([Self.image(["b:1", "c:1"]), Self.image([], digests: ["a@sha256:0"]), Self.image([])], now: 1000)
        #expect(
            text == """
                NAME         ID             SIZE      UNPACKED   USED      PINNED
                <none>       abababababab   1.0 MiB   3.0 MiB    10m ago   \n\
                a@sha256:0   abababababab   1.0 MiB   3.0 MiB    10m ago   \n\
                b:1          abababababab   1.0 MiB   3.0 MiB    10m ago   yes
                c:1          abababababab   1.0 MiB   3.0 MiB    10m ago   yes

                """)
    }

    @Test("damaged images are named with what is wrong") func findings() {
        let good = ImageFinding(id: "sha256:1", names: ["a:1"], problems: [])
        #expect(ImageTable.text([good]) == "1 images, all good\n")
        #expect(
            ImageTable.text([good, ImageFinding(id: "sha256:2", names: ["b:1"], problems: ["one", "two"])])
                == "b:1: one\nb:1: two\n2 images, 1 damaged\n")
    }

    @Test("removed images are added up") func removed() {
        let one = RemovedImage(Self.image(["b:1"]), bytes: 2048)
        #expect(ImageTable.text([one, one], isDryRun: true).hasSuffix("2 images, 4.0 KiB\n"))
        #expect(ImageTable.text([one], isDryRun: true).hasPrefix("WOULD BE REMOVED"))
        #expect(ImageTable.text([], isDryRun: false) == "0 images, 0 B\n")
    }

    @Test("a pull shows stage, bytes and rate of each layer, over the frame before") func pull() {
        func layer(_ stage: ImagePullStatus.Stage, _ done: Int64) -> ImagePullStatus.Layer {
            ImagePullStatus.Layer(digest: "sha256:0123456789abcdef", stage: stage, size: 4096, done: done)
        }
        var table = PullTable()
        let clear = "\u{1b}[2K"
        #expect(table.frame(ImagePullStatus(layers: []), at: .zero) == "")
        #expect(
            table.frame(ImagePullStatus(layers: [layer(.downloading, 0), layer(.waiting, 0)]), at: .seconds(1))
                == "\(clear)0123456789ab  downloading  0 B of 4.0 KiB\n\(clear)0123456789ab  waiting      4.0 KiB\n")
        #expect(
            table.frame(ImagePullStatus(layers: [layer(.downloading, 2048), layer(.ready, 4096)]), at: .seconds(3))
                == "\u{1b}[2A\(clear)0123456789ab  downloading  2.0 KiB of 4.0 KiB  1.0 KiB/s\n\(clear)0123456789ab  ready        4.0 KiB\n")
        #expect(
            table.frame(ImagePullStatus(layers: [layer(.unpacking, 1024)]), at: .seconds(4))
                == "\u{1b}[2A\(clear)0123456789ab  unpacking    1.0 KiB of 4.0 KiB\n")
    }

    @Test("a pull is summed up in one line") func summary() {
        #expect(ImagePullStatus(layers: []).summary == "asking the registry")
        let layers: [ImagePullStatus.Layer] = [
            .init(digest: "a", stage: .ready, size: 1024, done: 1024), .init(digest: "b", stage: .unpacking, size: 2048, done: 5),
            .init(digest: "c", stage: .downloading, size: 2048, done: 1024), .init(digest: "d", stage: .waiting, size: 1024, done: 0),
        ]
        #expect(ImagePullStatus(layers: layers).summary == "1 of 4 layers, 4.0 KiB of 6.0 KiB")
    }
}
