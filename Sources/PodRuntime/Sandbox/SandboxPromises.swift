import PodCore
import ShimClient

/// The promises of a sandbox: of the ends of its containers, and of the results of its execs.
struct SandboxPromises: Sendable {
    typealias Fulfilment = @Sendable () -> Void

    private var ends: [String: Promise<Void>] = [:]
    private var execs: [String: Promise<Result<ContainerExit, RuntimeFailure>>] = [:]

    mutating func end(of container: String) -> Promise<Void> {
        if let promise = ends[container] { return promise }
        let promise = Promise<Void>()
        ends[container] = promise
        return promise
    }

    mutating func expect(exec id: String) -> Promise<Result<ContainerExit, RuntimeFailure>> {
        let promise = Promise<Result<ContainerExit, RuntimeFailure>>()
        execs[id] = promise
        return promise
    }

    mutating func forget(exec id: String) { execs[id] = nil }

    /// Takes the promises out that actions fulfil.
    /// - Parameter isKnown: the container was not removed; a later caller gets the fulfilled promise.
    mutating func split(
        _ actions: [SandboxAction], isKnown: (String) -> Bool
    ) -> (rest: [SandboxAction], fulfilments: [Fulfilment]) {
        var rest: [SandboxAction] = []
        var fulfilments: [Fulfilment] = []
        for action in actions {
            switch action {
            case .fulfilEnd(let id):
                let promise = end(of: id)
                if !isKnown(id) { ends[id] = nil }
                fulfilments.append { promise.fulfil(()) }
            case .fulfilExec(let id, let result):
                if let promise = execs.removeValue(forKey: id) { fulfilments.append { promise.fulfil(result) } }
            default: rest.append(action)
            }
        }
        return (rest, fulfilments)
    }
}
