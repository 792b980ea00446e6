package import KubeModel

/// The changes of a reflector for one consumer. Each element holds the newest state of every object that changed since the previous element.
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

    package init(mailbox: ChangeMailbox<Object>) {
        self.mailbox = mailbox
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(mailbox: mailbox) }
}
