import KubeModel
import Synchronization

/// The objects of a reflector and the mailboxes of its consumers.
final class ReflectorStore<Object: KubeObject>: Sendable {
    private struct State {
        var objects: [ObjectKey: Object] = [:]
        var hasSynced = false
        var mailboxes: [Weak] = []
        var isFinished = false
    }

    /// A consumer that went away is forgotten by itself.
    private struct Weak: Sendable {
        weak let mailbox: ChangeMailbox<Object>?
    }

    private let state = Mutex(State())

    var objects: [ObjectKey: Object] { state.withLock { $0.objects } }
    var hasSynced: Bool { state.withLock { $0.hasSynced } }
    func object(_ key: ObjectKey) -> Object? { state.withLock { $0.objects[key] } }

    func subscribe() -> ChangeMailbox<Object> {
        state.withLock { state in
            let mailbox = ChangeMailbox<Object>(initial: state.hasSynced ? state.objects : nil)
            if state.isFinished { mailbox.finish() }
            state.mailboxes.removeAll { $0.mailbox == nil }
            state.mailboxes.append(Weak(mailbox: mailbox))
            return mailbox
        }
    }

    /// Takes the result of a list: objects missing from it are gone. Objects of `kept` stay as they are, because their new state is unreadable.
    func replace(with fresh: [ObjectKey: Object], keeping kept: Set<ObjectKey>) {
        state.withLock { state in
            var changes: [ObjectKey: ObjectChange<Object>] = [:]
            for (key, old) in state.objects where fresh[key] == nil && !kept.contains(key) { changes[key] = .deleted(old) }
            for (key, object) in fresh {
                let old = state.objects[key]
                if let old, let version = object.metadata.resourceVersion, old.metadata.resourceVersion == version, old.uid == object.uid { continue }
                changes[key] = .stored(object)
            }
            apply(changes, to: &state)
            let isFirst = !state.hasSynced
            state.hasSynced = true
            if isFirst || !changes.isEmpty { announce(changes, in: state) }
        }
    }

    /// Changes from a watch, newest per object. Deletions name only the key.
    func apply(stored: [ObjectKey: Object], deleted: Set<ObjectKey>) {
        state.withLock { state in
            var changes: [ObjectKey: ObjectChange<Object>] = [:]
            for (key, object) in stored { changes[key] = .stored(object) }
            for key in deleted { if let old = state.objects[key] { changes[key] = .deleted(old) } }
            guard !changes.isEmpty else { return }
            apply(changes, to: &state)
            announce(changes, in: state)
        }
    }

    func finish() {
        state.withLock { state in
            state.isFinished = true
            for weak in state.mailboxes { weak.mailbox?.finish() }
        }
    }

    private func apply(_ changes: [ObjectKey: ObjectChange<Object>], to state: inout State) {
        for (key, change) in changes {
            switch change {
            case .stored(let object): state.objects[key] = object
            case .deleted: state.objects.removeWithRoom(key)
            }
        }
    }

    private func announce(_ changes: [ObjectKey: ObjectChange<Object>], in state: borrowing State) {
        for weak in state.mailboxes { weak.mailbox?.add(changes) }
    }
}
