import CMnl
import CNftnl
import Nftables

/// Writes the operations of a transaction with libnftnl.
struct TransactionEncoder: ~Copyable {
    private var batch: BatchBuffer
    private var nextSetID: UInt32 = 1

    private init(ifGeneration generation: UInt32?) { batch = BatchBuffer(ifGeneration: generation) }

    /// The finished batch, and the operation of each of its messages.
    static func encode(_ transaction: Transaction, ifGeneration generation: UInt32?) throws(NftablesError) -> (bytes: [UInt8], owners: [Int]) {
        var encoder = TransactionEncoder(ifGeneration: generation)
        for (index, operation) in transaction.operations.enumerated() {
            do throws(NftablesError) {
                try encoder.add(operation, index)
            } catch {
                throw NftablesError(code: error.code, operation: operation, index: index, errno: error.errno, detail: error.detail)
            }
        }
        encoder.batch.finish()
        return (encoder.batch.bytes, encoder.batch.owners)
    }

    private mutating func add(_ operation: Operation, _ index: Int) throws(NftablesError) {
        switch operation {
        case .addTable(let table, let comment): try addTable(table, comment, index)
        case .deleteTable(let table): try addTable(table, nil, index, deletes: true)
        case .addSet(let table, let schema): try addSet(table, schema, index)
        case .deleteSet(let table, let name): try deleteSet(table, name, index)
        case .addElements(let table, let schema, let elements): try addElements(table, schema, elements, NFT_MSG_NEWSETELEM, NLM_F_CREATE, index)
        case .deleteElements(let table, let schema, let elements): try addElements(table, schema, elements, NFT_MSG_DELSETELEM, 0, index)
        case .addChain(let table, let chain): try addChain(table, chain, index)
        case .deleteChain(let table, let name): try deleteChain(table, name, index)
        case .flushChain(let table, let name): try flushChain(table, name, index)
        case .addRule(let table, let chain, let rule):
            try Self.checkName(chain)
            let made = try RuleEncoder.make(rule, chain: chain, in: table)
            defer { nftnl_rule_free(made) }
            batch.add(NFT_MSG_NEWRULE, flags: NLM_F_CREATE | NLM_F_APPEND, family: table.family, operation: index) {
                nftnl_rule_nlmsg_build_payload($0, made)
            }
        }
    }

    /// NFT_NAME_MAXLEN, with the closing NUL.
    private static func checkName(_ name: String) throws(NftablesError) {
        guard !name.isEmpty, name.utf8.count < 256 else {
            throw NftablesError(code: .unencodable, detail: "a name must have 1 to 255 bytes, found \(name.utf8.count)")
        }
    }

    private mutating func addTable(_ table: TableID, _ comment: String?, _ index: Int, deletes: Bool = false) throws(NftablesError) {
        try Self.checkName(table.name)
        guard let made = nftnl_table_alloc() else { throw RuleEncoder.outOfMemory }
        defer { nftnl_table_free(made) }
        nftnl_table_set_u32(made, UInt16(NFTNL_TABLE_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_table_set_str(made, UInt16(NFTNL_TABLE_NAME.rawValue), table.name)
        if let comment {
            let bytes = UserData.comment(comment)
            nftnl_table_set_data(made, UInt16(NFTNL_TABLE_USERDATA.rawValue), bytes, UInt32(bytes.count))
        }
        batch.add(deletes ? NFT_MSG_DELTABLE : NFT_MSG_NEWTABLE, flags: deletes ? 0 : NLM_F_CREATE, family: table.family, operation: index) {
            nftnl_table_nlmsg_build_payload($0, made)
        }
    }

    private static func makeSet(_ table: TableID, _ name: String) throws(NftablesError) -> OpaquePointer {
        try checkName(name)
        guard let made = nftnl_set_alloc() else { throw RuleEncoder.outOfMemory }
        nftnl_set_set_u32(made, UInt16(NFTNL_SET_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_set_set_str(made, UInt16(NFTNL_SET_TABLE.rawValue), table.name)
        nftnl_set_set_str(made, UInt16(NFTNL_SET_NAME.rawValue), name)
        return made
    }

    private mutating func addSet(_ table: TableID, _ schema: SetSchema, _ index: Int) throws(NftablesError) {
        let attributes = try SetAttributes(schema, in: table.family)
        let made = try Self.makeSet(table, schema.name)
        defer { nftnl_set_free(made) }
        nftnl_set_set_u32(made, UInt16(NFTNL_SET_ID.rawValue), nextSetID)
        nextSetID += 1
        nftnl_set_set_u32(made, UInt16(NFTNL_SET_FLAGS.rawValue), attributes.flags)
        nftnl_set_set_u32(made, UInt16(NFTNL_SET_KEY_TYPE.rawValue), attributes.keyType)
        nftnl_set_set_u32(made, UInt16(NFTNL_SET_KEY_LEN.rawValue), attributes.keyLength)
        if attributes.dataType != 0 {
            nftnl_set_set_u32(made, UInt16(NFTNL_SET_DATA_TYPE.rawValue), attributes.dataType)
            nftnl_set_set_u32(made, UInt16(NFTNL_SET_DATA_LEN.rawValue), attributes.dataLength)
        }
        if attributes.timeout != 0 { nftnl_set_set_u64(made, UInt16(NFTNL_SET_TIMEOUT.rawValue), attributes.timeout) }
        if !attributes.fields.isEmpty {
            let lengths = attributes.fields.map(UInt8.init(truncatingIfNeeded:))
            nftnl_set_set_data(made, UInt16(NFTNL_SET_DESC_CONCAT.rawValue), lengths, UInt32(lengths.count))
        }
        if attributes.size != 0 { nftnl_set_set_u32(made, UInt16(NFTNL_SET_DESC_SIZE.rawValue), attributes.size) }
        nftnl_set_set_data(made, UInt16(NFTNL_SET_USERDATA.rawValue), attributes.userData, UInt32(attributes.userData.count))
        batch.add(NFT_MSG_NEWSET, flags: NLM_F_CREATE | NLM_F_EXCL, family: table.family, operation: index) {
            nftnl_set_nlmsg_build_payload($0, made)
        }
    }

    private mutating func deleteSet(_ table: TableID, _ name: String, _ index: Int) throws(NftablesError) {
        let made = try Self.makeSet(table, name)
        defer { nftnl_set_free(made) }
        batch.add(NFT_MSG_DELSET, family: table.family, operation: index) { nftnl_set_nlmsg_build_payload($0, made) }
    }

    private mutating func addElements(
        _ table: TableID, _ schema: SetSchema, _ elements: [Element], _ type: nf_tables_msg_types, _ flags: Int32, _ index: Int
    ) throws(NftablesError) {
        // One attribute holds the whole list of a message, and its length has 16 bits: longer lists go into several.
        let limit = 60_000
        var position = elements.startIndex
        while position < elements.endIndex {
            let made = try Self.makeSet(table, schema.name)
            defer { nftnl_set_free(made) }
            var size = 0
            while position < elements.endIndex, size < limit {
                try ElementEncoder.add(elements[position], to: made, of: schema, deletes: type == NFT_MSG_DELSETELEM)
                size += ElementEncoder.sizeBound(of: elements[position])
                position += 1
            }
            batch.add(type, flags: flags, family: table.family, operation: index) { nftnl_set_elems_nlmsg_build_payload($0, made) }
        }
    }

    private static func makeChain(_ table: TableID, _ name: String) throws(NftablesError) -> OpaquePointer {
        try checkName(name)
        guard let made = nftnl_chain_alloc() else { throw RuleEncoder.outOfMemory }
        nftnl_chain_set_u32(made, UInt16(NFTNL_CHAIN_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_chain_set_str(made, UInt16(NFTNL_CHAIN_TABLE.rawValue), table.name)
        nftnl_chain_set_str(made, UInt16(NFTNL_CHAIN_NAME.rawValue), name)
        return made
    }

    private mutating func addChain(_ table: TableID, _ chain: Chain, _ index: Int) throws(NftablesError) {
        let made = try Self.makeChain(table, chain.name)
        defer { nftnl_chain_free(made) }
        if let hook = chain.hook {
            nftnl_chain_set_str(made, UInt16(NFTNL_CHAIN_TYPE.rawValue), hook.kind.rawValue)
            nftnl_chain_set_u32(made, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), hook.point.rawValue)
            nftnl_chain_set_s32(made, UInt16(NFTNL_CHAIN_PRIO.rawValue), hook.priority)
            nftnl_chain_set_u32(made, UInt16(NFTNL_CHAIN_POLICY.rawValue), UInt32(bitPattern: Verdict.accept.code))
        }
        if let comment = chain.comment {
            let bytes = UserData.comment(comment)
            nftnl_chain_set_data(made, UInt16(NFTNL_CHAIN_USERDATA.rawValue), bytes, UInt32(bytes.count))
        }
        batch.add(NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE | NLM_F_EXCL, family: table.family, operation: index) {
            nftnl_chain_nlmsg_build_payload($0, made)
        }
    }

    private mutating func deleteChain(_ table: TableID, _ name: String, _ index: Int) throws(NftablesError) {
        let made = try Self.makeChain(table, name)
        defer { nftnl_chain_free(made) }
        batch.add(NFT_MSG_DELCHAIN, family: table.family, operation: index) { nftnl_chain_nlmsg_build_payload($0, made) }
    }

    private mutating func flushChain(_ table: TableID, _ name: String, _ index: Int) throws(NftablesError) {
        let made = try RuleEncoder.make(Rule(), chain: name, in: table)
        defer { nftnl_rule_free(made) }
        batch.add(NFT_MSG_DELRULE, family: table.family, operation: index) { nftnl_rule_nlmsg_build_payload($0, made) }
    }
}
