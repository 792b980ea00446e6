/// The result of one run of a probe.
package enum ProbeResult: Sendable, Hashable {
    /// - Parameter warning: for a success that may point to a mistake, such as a redirect to another host.
    case success(warning: String?)
    case failure(message: String)
    /// The probe could not be run. It says nothing about the container.
    case unknown(message: String)
}
