import PodCore
import Timing

extension ActionRunner {
    /// The pause between two reports of a pull.
    static let pullReportPeriod = Duration.seconds(30)

    /// Pulls an image, and reports every half minute how far the pull is, for as long as that changes.
    func pull(
        _ image: String, credentials: [RegistryCredential], report: @escaping @Sendable (_ message: String) -> Void
    ) async throws(ImageFailure) -> ImageDescription {
        let outcome = await withTaskGroup(of: Void.self, returning: Result<ImageDescription, ImageFailure>.self) { [ports, time] group in
            group.addTask {
                var last: ImagePullStatus?
                while (try? await time.sleep(for: Self.pullReportPeriod)) != nil {
                    guard let status = await ports.images.progress(of: image), status != last, !Task.isCancelled else { continue }
                    last = status
                    report("Pulling image \"\(image)\": \(status.summary)")
                }
            }
            defer { group.cancelAll() }
            do throws(ImageFailure) {
                return .success(try await ports.images.pull(image, credentials: credentials))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
