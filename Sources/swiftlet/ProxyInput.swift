import ProxyCore
import Synchronization

/// The rules' configuration. It is asked for at every change of a Service, and made anew only when its own input has changed.
final class ProxyInput: Sendable {
    struct Values: Hashable {
        var nodeAddresses: [String]
        var podCIDRs: [String]
        /// The ranges of all pods of the cluster.
        var clusterCIDRs: [String]
        var zone: String?
    }

    private let latest = Mutex<(input: Values, output: ProxyConfiguration)?>(nil)

    func configuration(_ input: Values, make: (Values) -> ProxyConfiguration) -> ProxyConfiguration {
        latest.withLock { latest in
            if let latest, latest.input == input { return latest.output }
            let output = make(input)
            latest = (input, output)
            return output
        }
    }
}
