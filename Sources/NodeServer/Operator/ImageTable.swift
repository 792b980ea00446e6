package import PodCore

/// Images as `swiftlet images` prints them.
package enum ImageTable {
    /// - Parameter now: seconds since 1970.
    package static func text(_ images: [StoredImage], now: Int64) -> String {
        var table = TextTable("NAME", "ID", "SIZE", "UNPACKED", "USED", "PINNED")
        for entry in images.sorted(by: { (label($0), $0.image.id) < (label($1), $1.image.id) }) {
            let names = entry.image.names.isEmpty ? Array(entry.image.repoDigests.prefix(1)) : entry.image.names
            for name in names.isEmpty ? ["<none>"] : names {
                table.add(
                    name, short(entry.image.id), ByteText.of(entry.image.size), ByteText.of(entry.unpackedBytes),
                    TimeText.age(seconds: now - entry.lastUse) + " ago", entry.isPinned ? "yes" : "")
            }
        }
        return table.text
    }

    package static func text(_ removed: [RemovedImage], isDryRun: Bool) -> String {
        var table = TextTable(isDryRun ? "WOULD BE REMOVED" : "REMOVED", "ID", "BYTES OF ITS OWN")
        for image in removed { table.add(image.names.first ?? "<none>", short(image.id), ByteText.of(image.bytes)) }
        let total = removed.reduce(0) { $0 + $1.bytes }
        return (removed.isEmpty ? "" : table.text) + "\(removed.count) images, \(ByteText.of(total))\n"
    }

    package static func text(_ findings: [ImageFinding]) -> String {
        let bad = findings.filter { !$0.problems.isEmpty }
        let lines = bad.flatMap { finding in finding.problems.map { "\(finding.names.first ?? finding.id): \($0)\n" } }
        return lines.joined() + "\(findings.count) images, \(bad.count == 0 ? "all good" : "\(bad.count) damaged")\n"
    }

    package static func text(_ usage: ImageUsage) -> String {
        var table = TextTable("WHAT", "COUNT", "BYTES")
        table.add("images", "\(usage.images)", "")
        table.add("pinned", "\(usage.pinned)", "")
        table.add("layers", "\(usage.layers)", ByteText.of(usage.layerBytes))
        table.add("layers of no image", "\(usage.looseLayers)", ByteText.of(usage.looseBytes))
        table.add("unfinished downloads", "", ByteText.of(usage.downloadBytes))
        table.add("free on the disk", "", ByteText.of(usage.space.available))
        table.add("the disk", "", ByteText.of(usage.space.capacity))
        return table.text
    }

    private static func label(_ entry: StoredImage) -> String { entry.image.names.first ?? entry.image.repoDigests.first ?? "" }

    private static func short(_ id: String) -> String { String(id.dropFirst("sha256:".count).prefix(12)) }
}
