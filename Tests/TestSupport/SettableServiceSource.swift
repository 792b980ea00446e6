package import KubeModel
package import ProxyCore
import Synchronization

/// A source of Services whose snapshot the test sets.
package final class SettableServiceSource: ServiceSource {
    private let latest: Mutex<ServiceSnapshot?>
    private let listeners = Mutex<[AsyncStream<Void>.Continuation]>([])

    package init(_ snapshot: ServiceSnapshot? = nil) {
        latest = Mutex(snapshot)
    }

    package func set(_ snapshot: ServiceSnapshot?) {
        latest.withLock { $0 = snapshot }
        for listener in listeners.withLock({ $0 }) { listener.yield() }
    }

    package func snapshot() async -> ServiceSnapshot? { latest.withLock { $0 } }

    package func changes() async -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        listeners.withLock { $0.append(continuation) }
        return stream
    }
}

extension ServiceSnapshot {
    package init(services: [Service], slices: [EndpointSlice], configuration: ProxyConfiguration) {
        self.init(services: Packed.byKey(services), slices: Packed.byKey(slices), configuration: configuration)
    }
}
