/// Changes that are made together or not at all, in an order in which each finds the objects that it refers to.
package struct Transaction: Sendable, Hashable {
    package var operations: [Operation]

    package init(_ operations: [Operation] = []) { self.operations = operations }

    package var isEmpty: Bool { operations.isEmpty }
}
