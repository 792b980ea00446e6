import CMnl
import CNftnl
import Glibc
import LinuxNetlink
import Nftables

/// Reads one table from the kernel and recognises the wanted sets and rules in it.
struct TableReader {
    let socket: NetlinkSocket
    let id: TableID
    let wanted: Table

    /// Returns `nil` if the table does not exist.
    func read() throws -> Table? {
        guard let comment = try readTable() else { return nil }
        var table = Table(id, comment: comment.text)
        for schema in try readSchemas() {
            var set = NamedSet(schema)
            // Elements of a set that is replaced anyway, or that rules fill, are not needed.
            if wanted.sets[schema.name]?.schema == schema, !schema.isDynamic { set.elements = try readElements(of: schema) }
            table.sets[schema.name] = set
        }
        for chain in try readChains() { table.chains[chain.name] = chain }
        try readRules(into: &table)
        return table
    }

    static func request(_ name: String, _ type: nf_tables_msg_types, family: TableFamily?) -> NetlinkMessage {
        request(name, type, familyNumber: family?.rawValue ?? 0)
    }

    /// - Parameter familyNumber: the kernel's; 0 for all families.
    static func request(_ name: String, _ type: nf_tables_msg_types, familyNumber: UInt8) -> NetlinkMessage {
        var message = NetlinkMessage(name, type: UInt32(NFNL_SUBSYS_NFTABLES) << 8 | type.rawValue)
        message.append(nfgenmsg(nfgen_family: familyNumber, version: UInt8(NFNETLINK_V0), res_id: 0))
        return message
    }

    private func readTable() throws(NetlinkError) -> (text: String?, Void)? {
        var request = Self.request("NFT_MSG_GETTABLE", NFT_MSG_GETTABLE, family: id.family)
        request.attribute(NFTA_TABLE_NAME.rawValue, string: id.name)
        do throws(NetlinkError) {
            let notes = try socket.query(request).attributes(after: nfgenmsg.self)[NFTA_TABLE_USERDATA.rawValue]?.bytes
            return (notes.flatMap { UserData.comment(in: $0) }, ())
        } catch  where error.errno == ENOENT {
            return nil
        }
    }

    /// Returns a declaration that equals the wanted one as the wanted one, and every other as one unequal to it.
    private func readSchemas() throws -> [SetSchema] {
        var request = Self.request("NFT_MSG_GETSET", NFT_MSG_GETSET, family: id.family)
        request.attribute(NFTA_SET_TABLE.rawValue, string: id.name)
        return try socket.dump(request).compactMap { reply -> SetSchema? in
            let attributes = reply.attributes(after: nfgenmsg.self)
            guard attributes[NFTA_SET_TABLE.rawValue]?.string == id.name, let name = attributes[NFTA_SET_NAME.rawValue]?.string else { return nil }
            // A rule's own set goes with the rule.
            let flags = attributes[NFTA_SET_FLAGS.rawValue]?.bigEndian32 ?? 0
            if flags & NFT_SET_ANONYMOUS.rawValue != 0 { return nil }
            if let schema = wanted.sets[name]?.schema, try SetAttributes(schema, in: id.family) == SetAttributes(attributes) { return schema }
            return SetSchema(name: name, key: .types([]))
        }
    }

    func readElements(of schema: SetSchema) throws(NetlinkError) -> [PackedBytes: ElementValue] {
        var request = Self.request("NFT_MSG_GETSETELEM", NFT_MSG_GETSETELEM, family: id.family)
        request.attribute(NFTA_SET_ELEM_LIST_TABLE.rawValue, string: id.name)
        request.attribute(NFTA_SET_ELEM_LIST_SET.rawValue, string: schema.name)
        var decoder = ElementDecoder(of: schema)
        for reply in try socket.dump(request) {
            guard let list = reply.attributes(after: nfgenmsg.self)[NFTA_SET_ELEM_LIST_ELEMENTS.rawValue] else { continue }
            for element in list.nested { decoder.add(element.nested) }
        }
        return decoder.elements
    }

    private func readChains() throws(NetlinkError) -> [Chain] {
        // The kernel lists the chains of the whole family.
        let request = Self.request("NFT_MSG_GETCHAIN", NFT_MSG_GETCHAIN, family: id.family)
        return try socket.dump(request).compactMap { reply in
            let attributes = reply.attributes(after: nfgenmsg.self)
            guard reply.header(as: nfgenmsg.self)?.nfgen_family == id.family.rawValue, attributes[NFTA_CHAIN_TABLE.rawValue]?.string == id.name,
                let name = attributes[NFTA_CHAIN_NAME.rawValue]?.string
            else { return nil }
            var chain = Chain(name, comment: attributes[NFTA_CHAIN_USERDATA.rawValue].flatMap { UserData.comment(in: $0.bytes) })
            if let hook = attributes[NFTA_CHAIN_HOOK.rawValue]?.nested {
                let priority = Int32(bitPattern: hook[NFTA_HOOK_PRIORITY.rawValue]?.bigEndian32 ?? 0)
                if let kind = (attributes[NFTA_CHAIN_TYPE.rawValue]?.string).flatMap(Hook.Kind.init(rawValue:)),
                    let point = (hook[NFTA_HOOK_HOOKNUM.rawValue]?.bigEndian32).flatMap(Hook.Point.init(rawValue:))
                {
                    chain.hook = Hook(kind, point, priority: priority)
                }
                // Wanted chains never have another policy, so a comment that they never have makes the chain differ.
                if attributes[NFTA_CHAIN_POLICY.rawValue]?.bigEndian32 != UInt32(bitPattern: Verdict.accept.code) { chain.comment = "\u{0}policy" }
            }
            return chain
        }
    }

    private func readRules(into table: inout Table) throws {
        for rule in try Self.rules(of: id, socket) {
            let place = table.chains[rule.chain]?.rules.count ?? 0
            table.chains[rule.chain]?.rules.append(try recognise(rule.text, chain: rule.chain, place: place))
        }
    }

    /// The rules of a table in order, as libnftnl writes them.
    static func rules(of table: TableID, _ socket: NetlinkSocket) throws(NetlinkError) -> [(chain: String, handle: UInt64, text: String)] {
        var request = Self.request("NFT_MSG_GETRULE", NFT_MSG_GETRULE, family: table.family)
        request.attribute(NFTA_RULE_TABLE.rawValue, string: table.name)
        return try socket.dump(request).compactMap { reply in
            let attributes = reply.attributes(after: nfgenmsg.self)
            guard attributes[NFTA_RULE_TABLE.rawValue]?.string == table.name, let chain = attributes[NFTA_RULE_CHAIN.rawValue]?.string,
                let rule = nftnl_rule_alloc()
            else { return nil }
            defer { nftnl_rule_free(rule) }
            let parsed = reply.message.withUnsafeBytes { bytes in
                bytes.assumingMemoryBound(to: nlmsghdr.self).baseAddress.map { nftnl_rule_nlmsg_parse($0, rule) } ?? -1
            }
            let handle = attributes[NFTA_RULE_HANDLE.rawValue]?.bigEndian64 ?? 0
            return (chain, handle, parsed < 0 ? "unreadable" : RuleEncoder.text(of: rule))
        }
    }

    private func recognise(_ text: String, chain: String, place: Int) throws -> Rule {
        guard let rules = wanted.chains[chain]?.rules, place < rules.count else { return Rule(.foreign(text)) }
        let expected = try RuleEncoder.make(rules[place], chain: chain, in: id)
        defer { nftnl_rule_free(expected) }
        return RuleEncoder.text(of: expected) == text ? rules[place] : Rule(.foreign(text))
    }
}
