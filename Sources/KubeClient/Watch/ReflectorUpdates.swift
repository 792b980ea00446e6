package import KubeModel

/// What a reflector's consumer iterates. Each element holds, for every object that changed since the last one, its newest state.
///
/// The first element comes when the first list is complete and holds all objects; it may be empty. A consumer that is slow gets one larger element,
/// never a queue. One iterator at a time.
package struct ReflectorUpdates<Object: KubeObject>: AsyncSequence, Sendable {
    package struct AsyncIterator: AsyncIteratorProtocol {
        let mailbox: ChangeMailbox<Object>

        package func next() async -> [ObjectKey: ObjectChange<Object>]? { await mailbox.next() }

        package func next(isolation actor: isolated (any Actor)?) async -> [ObjectKey: ObjectChange<Object>]? { await mailbox.next() }
    }

    let mailbox: ChangeMailbox<Object>

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(mailbox: mailbox) }
}
