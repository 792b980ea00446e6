import CLinux
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import ImageStore

extension LayerUnpackTests {
    @Test(
        "names that lead out of the layer are refused",
        arguments: [
            "../victim", "a/../../victim", "./../victim", "/../victim",
        ])
    func climbingNames(_ name: String) async throws {
        let error = try await refused(tar { $0.file(name, "evil") })
        #expect(error.code == .malformed)
        let link = try await refused(tar { $0.hardlink("link", to: name) })
        #expect(link.code == .malformed)
        let pax = try await refused(
            tar {
                $0.pax([("path", Array(name.utf8))])
                $0.file("innocent", "evil")
            })
        #expect(pax.code == .malformed)
        let linkpath = try await refused(
            tar {
                $0.pax([("linkpath", Array(name.utf8))])
                $0.hardlink("innocent", to: "x")
            })
        #expect(linkpath.code == .malformed)
    }

    @Test("an attribute that is too large for the file system is not taken for a full disk", arguments: [20_000, 70_000])
    func largeAttribute(_ size: Int) async throws {
        let layer = tar {
            $0.pax([("SCHILY.xattr.user.large", [UInt8](repeating: 65, count: size))])
            $0.file("file")
        }
        do {
            // Some file systems take up to 64 KiB.
            try await unpack(layer) { _, _ in #expect(size < 65_536) }
        } catch let error as ImageStoreError {
            #expect(error.code == .unsupported && "\(error)".contains("the extended attribute user.large of \(size) bytes"), "\(error)")
        }
    }

    @Test("malformed and forbidden entries are refused")
    func refusals() async throws {
        let archives: [(String, [UInt8])] = [
            (
                "hard link to a symlink's target outside",
                tar {
                    $0.symlink("s", to: "../victim")
                    $0.hardlink("h", to: "s/x")
                }
            ),
            ("hard link to nothing", tar { $0.hardlink("h", to: "nothing") }),
            (
                "hard link to a directory",
                tar {
                    $0.directory("d/")
                    $0.hardlink("h", to: "d")
                }
            ),
            (
                "file as parent",
                tar {
                    $0.file("f")
                    $0.file("f/g")
                }
            ),
            (
                "dangling symlink as parent",
                tar {
                    $0.symlink("s", to: "nowhere")
                    $0.file("s/f")
                }
            ),
            (
                "symlink loop as parent",
                tar {
                    $0.symlink("s", to: "s")
                    $0.file("s/f")
                }
            ),
            ("root as file", tar { $0.file("./", "x") }),
            ("whiteout of nothing", tar { $0.file(".wh.", "") }),
            ("whiteout of dot", tar { $0.file(".wh..", "") }),
            ("whiteout of dot dot", tar { $0.file("a/.wh...", "") }),
            (
                "long name",
                tar {
                    $0.pax([("path", [UInt8](repeating: 97, count: 256))])
                    $0.file("f")
                }
            ),
            (
                "long path",
                tar {
                    $0.pax([("path", Array(String(repeating: "a/", count: 3000).utf8))])
                    $0.file("f")
                }
            ),
            (
                "negative owner",
                tar {
                    $0.pax([("uid", Array("-1".utf8))])
                    $0.file("f")
                }
            ),
            (
                "owner beyond 32 bits",
                tar {
                    $0.pax([("uid", Array("4294967295".utf8))])
                    $0.file("f")
                }
            ),
            ("cut in a header", Array(tar { $0.file("f") }.prefix(300))),
            ("cut in the data", Array(tar { $0.file("f", String(repeating: "x", count: 5000)) }.prefix(2000))),
            ("no tar", Array("this is no archive at all, but long enough to be looked at".utf8) + [UInt8](repeating: 7, count: 2000)),
        ]
        for (what, bytes) in archives {
            let error = try await refused(bytes)
            #expect(error.code == .malformed, "\(what): \(error)")
        }
    }

    @Test("a stream that ends early is refused")
    func unfinishedStreams() async throws {
        var archive = TarArchive()
        archive.file("a", "one")
        for cut in [archive.bytes, Array(archive.bytes.prefix(515)), Array(archive.bytes.prefix(515)) + [0, 0], []] {
            try await unpack(cut) { (root, report) async throws in
                #expect(report.entries == (cut.isEmpty ? 0 : 1))
                if !cut.isEmpty { #expect(try SmallFile.text(root + "/a") == "one") }
            }
        }
    }

    @Test("a deep tree is unpacked, and a deeper one is refused")
    func deepTree() async throws {
        let deeper = (0..<300).map { _ in "d" }.joined(separator: "/")
        let error = try await refused(
            tar {
                $0.pax([("path", Array(deeper.utf8))])
                $0.file("f", "deep")
            })
        #expect(error.code == .tooLarge)
        #expect(error.detail.contains("299 directories, wanted at most 256"))
        #expect(error.detail.contains("imageLimits.layerDepth"))
        let path = (0..<250).map { _ in "d" }.joined(separator: "/")
        try await unpack(
            tar {
                $0.pax([("path", Array((path + "/f").utf8))])
                $0.file("f", "deep")
            }
        ) { (root, _) async throws in
            #expect(try SmallFile.text("\(root)/\(path)/f") == "deep")
        }
    }

    @Test("a layer beyond a limit is refused")
    func limits() async throws {
        var limits = ImageLimits()
        limits.entries = 2
        let entries = try await refused(
            tar {
                $0.file("a")
                $0.file("b")
                $0.file("c")
            }, limits: limits)
        #expect(entries.code == .tooLarge)
        #expect(entries.detail.contains("more than 2 entries") && entries.detail.contains("imageLimits.layerEntries"))
        limits = ImageLimits()
        limits.unpackedBytes = 4096
        #expect(try await refused(tar { $0.file("a", String(repeating: "x", count: 5000)) }, limits: limits).code == .tooLarge)
        limits.unpackedBytes = 1 << 20
        // A sparse file: a few bytes in the stream, a terabyte in the header.
        let sparse = tar {
            $0.pax([
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)), ("GNU.sparse.name", Array("s".utf8)),
                ("GNU.sparse.realsize", Array("1099511627776".utf8)),
            ])
            $0.file("s", "1\n0\n1\n" + String(repeating: "\u{0}", count: 506) + "x")
        }
        #expect(try await refused(sparse, limits: limits).code == .tooLarge)
        limits = ImageLimits()
        limits.attributeBytes = 100
        let attributes = tar {
            $0.pax([("SCHILY.xattr.user.big", [UInt8](repeating: 65, count: 200))])
            $0.file("a")
        }
        #expect(try await refused(attributes, limits: limits).code == .malformed)
    }
}
