import AsyncHTTPClient
import LinuxSystem
import NIOCore
import NIOHTTP1
import Timing

extension RegistrySession {
    /// A manifest or index with the digest that names it.
    struct Manifest: Sendable {
        let document: ManifestDocument
        let digest: ContentDigest
        let bytes: [UInt8]
    }

    /// - Parameter digest: the required digest of the content; `nil` for a tag.
    nonisolated func manifest(_ reference: String, digest: ContentDigest?, limits: ImageLimits) async throws -> Manifest {
        let answer = try await get("manifests/\(reference)", headers: ["Accept": MediaType.accepted])
        guard answer.response.status.code == 200 else {
            await transport.discard(answer.response)
            throw ImageStoreError(.notFound, "GET", "\(answer.url)", "not found")
        }
        let bytes = try await transport.body(answer, limit: limits.manifestBytes)
        let found = ContentHasher.digest(of: bytes)
        // A tag may have any content, but the content must have the digest that the registry claims.
        let claimed = answer.response.headers.first(name: "Docker-Content-Digest").flatMap { ContentDigest($0) }
        if let wanted = digest ?? claimed, wanted != found {
            throw ImageStoreError(
                .digestMismatch, "fetch manifest", "\(answer.url)", "found \(found), wanted \(wanted); the registry sent something else")
        }
        let type = answer.response.headers.first(name: "Content-Type") ?? ""
        let document = try ManifestDocument(bytes, contentType: type, object: "\(answer.url)", limits: limits)
        return Manifest(document: document, digest: found, bytes: bytes)
    }

    /// Asks for the digest of a manifest, and returns the manifest if an earlier pull has brought it: `nil` if it has to be fetched. Registries limit
    /// how many manifests they send, and a container that is pulled for each of its restarts would soon get none.
    /// - Parameter digest: the required digest; `nil` for a tag.
    nonisolated func keptManifest(_ reference: String, digest: ContentDigest?, limits: ImageLimits) async throws -> Manifest? {
        let answer = try await get("manifests/\(reference)", method: .HEAD, headers: ["Accept": MediaType.accepted])
        await transport.discard(answer.response)
        guard answer.response.status.code == 200, let named = answer.response.headers.first(name: "Docker-Content-Digest"),
            let found = ContentDigest(named), found == digest ?? found, let bytes = await kept(found)
        else { return nil }
        let type = answer.response.headers.first(name: "Content-Type") ?? ""
        let document = try ManifestDocument(bytes, contentType: type, object: "\(answer.url)", limits: limits)
        return Manifest(document: document, digest: found, bytes: bytes)
    }

    /// Fetches a small blob into memory.
    nonisolated func content(_ descriptor: Descriptor) async throws -> [UInt8] {
        let answer = try await get("blobs/\(descriptor.digest)", headers: [:])
        guard answer.response.status.code == 200 else {
            await transport.discard(answer.response)
            throw ImageStoreError(.notFound, "GET", "\(answer.url)", "not found")
        }
        let bytes = try await transport.body(answer, limit: Int(descriptor.size))
        let found = ContentHasher.digest(of: bytes)
        guard found == descriptor.digest else {
            throw ImageStoreError(
                .digestMismatch, "fetch blob", "\(answer.url)", "found \(found), wanted \(descriptor.digest); the registry sent something else")
        }
        return bytes
    }

    /// Fetches a large blob into a file, continued where a connection broke.
    nonisolated func download(_ descriptor: Descriptor, into file: BlobFile, limits: ImageLimits, pool: BlockingPool) async throws {
        var idle = 0
        var continuations = 0
        var backOff = transport.timing.backOff
        while true {
            let before = file.count
            do {
                try await transfer(descriptor, into: file, limits: limits, pool: pool)
                let found = file.digest()
                guard found == descriptor.digest else {
                    throw ImageStoreError(
                        .digestMismatch, "fetch blob", "\(descriptor.digest)",
                        "found \(found) from \(endpoint.base); the registry sent something else")
                }
                return
            } catch let error as ImageStoreError {
                guard error.code.isOutage else { throw error }
                idle = file.count > before ? 0 : idle + 1
                continuations += 1
                guard idle <= transport.timing.retries, continuations <= transport.timing.continuations else { throw error }
                // The first try without progress waits no longer than one with progress.
                if idle <= 1 { backOff.reset() }
                try await transport.time.sleep(for: backOff.next())
            }
        }
    }

    private nonisolated func transfer(_ descriptor: Descriptor, into file: BlobFile, limits: ImageLimits, pool: BlockingPool) async throws {
        let start = file.count
        if start == descriptor.size { return }
        var headers = HTTPHeaders()
        if start > 0 { headers.add(name: "Range", value: "bytes=\(start)-\(descriptor.size - 1)") }
        let answer = try await get("blobs/\(descriptor.digest)", headers: headers)
        switch answer.response.status.code {
        case 206:
            guard answer.response.headers.first(name: "Content-Range")?.hasPrefix("bytes \(start)-") == true else {
                throw ImageStoreError(.refused, "GET", "\(answer.url)", "found another range than the one asked for, from byte \(start)")
            }
        case 200:
            // A server without ranges starts again.
            if start > 0 { try await pool.run("truncate blob") { try file.restart() } }
        case 416:
            await transport.discard(answer.response)
            throw ImageStoreError(
                .digestMismatch, "GET", "\(answer.url)", "found a blob shorter than the \(descriptor.size) bytes that its manifest names")
        default:
            await transport.discard(answer.response)
            throw ImageStoreError(.notFound, "GET", "\(answer.url)", "not found")
        }

        var parts: [ByteBuffer] = []
        var pending = 0
        func flush() async throws {
            let ready = parts
            parts = []
            pending = 0
            guard !ready.isEmpty else { return }
            do {
                try await pool.run("write blob") {
                    // Other downloads and other programs take room meanwhile.
                    try FreeSpace.check(file.descriptor, limits)
                    try file.append(ready)
                }
            } catch {
                // An error of this node's disk, which no server can help with.
                var failure = ImageStoreError.wrap(error, "write blob", "\(descriptor.digest)")
                if failure.code == .noRoom { failure.freeBytes = (failure.freeBytes ?? 0) + descriptor.size }
                throw failure
            }
        }
        do {
            for try await part in answer.response.body {
                parts.append(part)
                pending += part.readableBytes
                guard file.count + Int64(pending) <= descriptor.size else {
                    throw ImageStoreError(
                        .digestMismatch, "GET", "\(answer.url)", "found more than the \(descriptor.size) bytes that its manifest names")
                }
                if pending >= 1 << 20 { try await flush() }
            }
        } catch {
            // The parts that have arrived are kept: the next request continues behind them.
            try await flush()
            throw RegistryTransport.unreachable(error, answer.url)
        }
        try await flush()
        guard file.count == descriptor.size else {
            throw ImageStoreError(.unreachable, "GET", "\(answer.url)", "the body ended after \(file.count) of \(descriptor.size) bytes")
        }
    }
}
