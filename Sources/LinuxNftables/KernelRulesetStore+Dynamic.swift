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
                    var patience = Self.mostFailures
                    return try Self.remove(found.map { Element($0.key, $0.value) }.filter(isStale)[...], of: schema, in: table, socket, &patience)
                } catch let error as NetlinkError where error.code == .interrupted {
                    continue
                } catch let error as NetlinkError where error.errno == ENOENT {
                    return 0
                } catch let error as NetlinkError {
                    throw NftablesError(code: .unavailable, errno: error.errno, detail: "reading \(schema.name) of \(table): \(error)")
                }
            }
            throw NftablesError(code: .stale, errno: EAGAIN, detail: "\(schema.name) of \(table) kept changing while it was cleaned")
        }
    }

    /// After so many failures the elements are read anew: another program may have removed the table.
    private static let mostFailures = 64

    /// A transaction fails as a whole when the time of one element was over in between: then each half of them is tried, so that elements which
    /// end all the time do not keep the others.
    private static func remove(
        _ elements: ArraySlice<Element>, of schema: SetSchema, in table: TableID, _ socket: NetlinkSocket, _ patience: inout Int
    ) throws -> Int {
        if elements.isEmpty { return 0 }
        do {
            try commit(Transaction([.deleteElements(table, schema, Array(elements))]), nil, socket)
            return elements.count
        } catch let error as NftablesError where error.errno == ENOENT {
            if elements.count == 1 { return 0 }
            patience -= 1
            guard patience > 0 else {
                throw NftablesError(code: .stale, errno: EAGAIN, detail: "\(schema.name) of \(table) changed while it was cleaned")
            }
            let middle = elements.startIndex + elements.count / 2
            return try remove(elements[..<middle], of: schema, in: table, socket, &patience)
                + remove(elements[middle...], of: schema, in: table, socket, &patience)
        }
    }
}
