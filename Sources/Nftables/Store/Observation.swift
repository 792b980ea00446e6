/// A table as it was read, with the generation of the whole ruleset at that time.
package struct Observation: Sendable, Hashable {
    package var table: Table?
    package var generation: UInt32

    package init(table: Table?, generation: UInt32) {
        self.table = table
        self.generation = generation
    }
}
