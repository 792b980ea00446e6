import Glibc
import LinuxNetlink
import LinuxSystem
package import Nftables

extension KernelRulesetStore: DynamicElementStore {
    package func removeElements(of schema: SetSchema, in table: TableID, where isStale: @escaping @Sendable (Element) -> Bool) async throws -> Int {
        try await pool.run("nf_tables clean-up") { [socket] in
            for _ in 0..<Self.readAttempts {
                do {
                    let found = try TableReader(socket: socket, id: table, wanted: Table(table)).readElements(of: schema)
                    let stale = found.map { Element($0.key, $0.value) }.filter(isStale)
                    if stale.isEmpty { return 0 }
                    try Self.commit(Transaction([.deleteElements(table, schema, stale)]), nil, socket)
                    return stale.count
                } catch let error as NetlinkError where error.code == .interrupted {
                    continue
                } catch let error as NetlinkError where error.errno == ENOENT {
                    return 0
                } catch let error as NetlinkError {
                    throw NftablesError(code: .unavailable, errno: error.errno, detail: "reading \(schema.name) of \(table): \(error)")
                } catch let error as NftablesError where error.errno == ENOENT {
                    // The time of one of them was over in between.
                    continue
                }
            }
            throw NftablesError(code: .stale, errno: EAGAIN, detail: "\(schema.name) of \(table) kept changing while it was cleaned")
        }
    }
}
