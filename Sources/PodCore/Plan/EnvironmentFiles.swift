package import KubeModel

/// The files of a pod's volumes from which variables of a container come (`fileKeyRef`).
package struct EnvironmentFiles: Sendable {
    package struct Place: Sendable, Hashable {
        package let volume: String
        /// Relative to the volume's root.
        package let path: String
    }

    /// Bytes of one file.
    package static let sizeLimit = 1 << 20

    private var contents: [Place: [UInt8]] = [:]

    package init() {}

    /// The content of a file; `nil` if it is not there.
    package subscript(place: Place) -> [UInt8]? {
        get { contents[place] }
        set { contents[place] = newValue }
    }

    /// Returns the files that a container needs, each once. They must be in emptyDir volumes, as the API server demands: files of the node are
    /// not read for a pod.
    package static func places(of container: Container, in spec: PodSpec) throws(PlanFailure) -> Set<Place> {
        var places: Set<Place> = []
        for selector in (container.env ?? []).compactMap(\.valueFrom?.fileKeyRef) {
            guard let volume = spec.volume(named: selector.volumeName) else { throw missing(volume: selector.volumeName) }
            guard volume.emptyDir != nil else {
                throw PlanFailure("the volume \"\(selector.volumeName)\" referenced by FileKeyRef must be an emptyDir")
            }
            places.insert(Place(selector))
        }
        return places
    }

    package static func missing(volume: String) -> PlanFailure {
        PlanFailure("cannot find the volume \"\(volume)\" referenced by FileKeyRef")
    }

    /// `nil` where an optional variable is missing.
    func value(_ selector: FileKeySelector) throws(PlanFailure) -> String? {
        do throws(PlanFailure) {
            if let bytes = self[Place(selector)], let value = try EnvironmentFile.value(of: selector.key, in: bytes) { return value }
        } catch {
            throw PlanFailure("couldn't parse env file \"\(selector.path)\" of volume \"\(selector.volumeName)\": \(error.message)")
        }
        if selector.optional == true { return nil }
        throw PlanFailure(
            "environment variable key \"\(selector.key)\" not found in file \"\(selector.path)\" of volume \"\(selector.volumeName)\"")
    }
}

extension EnvironmentFiles.Place {
    fileprivate init(_ selector: FileKeySelector) {
        self.init(volume: selector.volumeName, path: selector.path)
    }
}
