/// What was read of a table, and of which generation of the whole ruleset it was.
package struct Observation: Sendable, Hashable {
    package var table: Table?
    package var generation: UInt32

    package init(table: Table?, generation: UInt32) {
        self.table = table
        self.generation = generation
    }
}
