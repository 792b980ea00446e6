import LinuxSystem
package import PodCore

extension ImageStore {
    /// Compares every image with its digests: configuration, manifests, order of the layers, and of each layer the names, kinds, owners, modes,
    /// sizes and times of its files.
    package func verify() async throws(ImageFailure) -> [ImageFinding] {
        do {
            var layers: [String: String?] = [:]
            var findings: [ImageFinding] = []
            for (id, image) in index.current.images.sorted(by: { $0.key < $1.key }) {
                var problems = try await pool.run("verify image") { [layout, limits] in Self.check(id, image, layout, limits) }
                for chain in image.layers {
                    let known = layers[chain.description]
                    let problem: String?
                    if let known { problem = known } else { problem = try await check(chain) }
                    layers[chain.description] = .some(problem)
                    if let problem { problems.append(problem) }
                }
                // An image may have been removed meanwhile, and its layers with it.
                guard index.current.images[id] != nil else { continue }
                findings.append(ImageFinding(id: id, names: image.names.isEmpty ? image.repoDigests : image.names, problems: problems))
            }
            return findings
        } catch {
            throw ImageFailure(.storeFailed, "cannot verify the images: \(error)")
        }
    }

    private func check(_ chain: ContentDigest) async throws -> String? {
        guard let layer = index.current.layer(chain) else { return "layer \(chain) is missing" }
        let directory = layout.layer(layer.number)
        return try await pool.run("verify layer") {
            do throws(SystemError) {
                let found = try LayerSeal.of(directory)
                guard let wanted = layer.seal, wanted != found else { return nil }
                return "layer \(layer.diffID) in \(directory) has changed since it was unpacked"
            } catch {
                return "layer \(layer.diffID) in \(directory) cannot be read: \(error)"
            }
        }
    }

    private static func check(_ id: String, _ image: StoreIndex.Image, _ layout: StoreLayout, _ limits: ImageLimits) -> [String] {
        var problems: [String] = []
        func content(_ digest: ContentDigest, _ limit: Int, _ kind: String) -> [UInt8]? {
            do throws(SystemError) {
                let bytes = try SmallFile.bytes(layout.blob(digest), limit: limit)
                let found = ContentHasher.digest(of: bytes)
                if found == digest { return bytes }
                problems.append("\(kind) \(digest) has the digest \(found)")
            } catch {
                problems.append("\(kind) \(digest) cannot be read: \(error)")
            }
            return nil
        }
        for manifest in image.manifests { _ = content(manifest, limits.manifestBytes, "manifest") }
        guard let digest = ContentDigest(id) else { return problems + ["the image's ID is not a digest"] }
        if image.isArtifact {
            guard let bytes = content(digest, limits.manifestBytes, "manifest") else { return problems }
            let document = try? ManifestDocument(bytes, contentType: "", object: id, limits: limits)
            guard case .artifact(let files)? = document, image.layers == [ArtifactFile.digest(of: files)] else {
                return problems + ["its files are not those of its manifest"]
            }
            return problems
        }
        guard let bytes = content(digest, Int(limits.configBytes), "configuration") else { return problems }
        do throws(ImageStoreError) {
            let document = try ImageConfigurationDocument(bytes, layers: image.layers.count, platform: .host, object: id)
            var chain: ContentDigest?
            for (diffID, layer) in zip(document.diffIDs, image.layers) {
                chain = ContentHasher.chain(chain, diffID)
                if chain != layer { return problems + ["its layers are not those of its configuration"] }
            }
        } catch {
            problems.append("\(error)")
        }
        return problems
    }

    /// The room that the store takes on its disk.
    package func usage() async throws(ImageFailure) -> ImageUsage {
        var usage = ImageUsage(space: try await space())
        let current = index.current
        let named = Set(current.images.values.flatMap { $0.layers.map(\.description) })
        usage.images = current.images.count
        usage.pinned = current.images.values.count { $0.isPinned }
        usage.layers = current.layers.count
        usage.layerBytes = current.layers.values.reduce(0) { $0 + $1.bytes }
        let loose = current.layers.filter { !named.contains($0.key) }.values
        usage.looseLayers = loose.count + current.retained.count
        usage.looseBytes = loose.reduce(0) { $0 + $1.bytes }
        do {
            usage.downloadBytes = try await pool.run("measure downloads") { [downloads] in try downloads.bytes() }
        } catch {
            throw ImageFailure(.storeFailed, "the downloads of the image store cannot be measured: \(error)")
        }
        return usage
    }
}
