/// A store of sets and maps whose elements packets add.
package protocol DynamicElementStore: Sendable {
    /// Removes the elements of a dynamic set or map for which `isStale` returns true. The set may be missing.
    /// - Returns: how many were removed.
    func removeElements(of schema: SetSchema, in table: TableID, where isStale: @escaping @Sendable (Element) -> Bool) async throws -> Int
}
