import CMnl
import CNftnl
import Glibc
import Nftables

/// Builds libnftnl rules from typed ones.
enum RuleEncoder {
    /// NF_NAT_RANGE_PROTO_RANDOM_FULLY
    private static let fullyRandom: UInt32 = 1 << 4

    /// A rule that the caller frees with `nftnl_rule_free`.
    static func make(_ rule: Rule, chain: String, in table: TableID) throws(NftablesError) -> OpaquePointer {
        let instructions = try Linearizer.instructions(of: rule, in: table.family)
        guard let result = nftnl_rule_alloc() else { throw outOfMemory }
        nftnl_rule_set_u32(result, UInt16(NFTNL_RULE_FAMILY.rawValue), UInt32(table.family.rawValue))
        nftnl_rule_set_str(result, UInt16(NFTNL_RULE_TABLE.rawValue), table.name)
        nftnl_rule_set_str(result, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
        if let comment = rule.comment {
            let bytes = UserData.comment(comment)
            nftnl_rule_set_data(result, UInt16(NFTNL_RULE_USERDATA.rawValue), bytes, UInt32(bytes.count))
        }
        do throws(NftablesError) {
            for instruction in instructions { nftnl_rule_add_expr(result, try expression(instruction)) }
        } catch {
            nftnl_rule_free(result)
            throw error
        }
        return result
    }

    static let outOfMemory = NftablesError(code: .unavailable, errno: ENOMEM, detail: "out of memory")

    /// The instructions and the comment of a rule as one text, the same for a rule that was written and for the one that
    /// the kernel gives back.
    static func text(of rule: OpaquePointer) -> String {
        var lines: [String] = []
        withUnsafeMutablePointer(to: &lines) { pointer in
            _ = nftnl_expr_foreach(
                rule,
                { expression, data in
                    guard let expression, let data else { return 0 }
                    var buffer = [CChar](repeating: 0, count: 512)
                    let length = Int(nftnl_expr_snprintf(&buffer, buffer.count, expression, NFTNL_OUTPUT_DEFAULT.rawValue, 0))
                    let name = nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_NAME)).map { String(cString: $0) } ?? "?"
                    let body = String(decoding: buffer.prefix(min(max(length, 0), buffer.count - 1)).map(UInt8.init(bitPattern:)), as: UTF8.self)
                    // A counter's numbers are not part of the rule.
                    data.assumingMemoryBound(to: [String].self).pointee.append(name == "counter" ? name : "\(name) \(body)")
                    return 0
                }, pointer)
        }
        var length: UInt32 = 0
        if let data = nftnl_rule_get_data(rule, UInt16(NFTNL_RULE_USERDATA.rawValue), &length) {
            let notes = UnsafeRawBufferPointer(start: data, count: Int(length))
            lines.append("comment " + (UserData.comment(in: notes) ?? ""))
        }
        return lines.joined(separator: "; ")
    }

    private static func expression(_ instruction: Instruction) throws(NftablesError) -> OpaquePointer {
        func make(_ name: String) throws(NftablesError) -> OpaquePointer {
            guard let result = nftnl_expr_alloc(name) else { throw outOfMemory }
            return result
        }
        func set(_ expression: OpaquePointer, _ attribute: Int, _ value: UInt32) {
            nftnl_expr_set_u32(expression, UInt16(attribute), value)
        }
        func set(_ expression: OpaquePointer, _ attribute: Int, _ value: PackedBytes) {
            value.withBytes { _ = nftnl_expr_set(expression, UInt16(attribute), $0.baseAddress, UInt32($0.count)) }
        }
        let result: OpaquePointer
        switch instruction {
        case .payload(let base, let offset, let length, let register):
            result = try make("payload")
            set(result, NFTNL_EXPR_PAYLOAD_BASE, base.rawValue)
            set(result, NFTNL_EXPR_PAYLOAD_OFFSET, offset)
            set(result, NFTNL_EXPR_PAYLOAD_LEN, length)
            set(result, NFTNL_EXPR_PAYLOAD_DREG, register.number)
        case .meta(let key, let register):
            result = try make("meta")
            set(result, NFTNL_EXPR_META_KEY, key.rawValue)
            set(result, NFTNL_EXPR_META_DREG, register.number)
        case .setMeta(let key, let register):
            result = try make("meta")
            set(result, NFTNL_EXPR_META_KEY, key.rawValue)
            set(result, NFTNL_EXPR_META_SREG, register.number)
        case .connection(let key, let original, let register):
            result = try make("ct")
            set(result, NFTNL_EXPR_CT_KEY, key.rawValue)
            if original { nftnl_expr_set_u8(result, UInt16(NFTNL_EXPR_CT_DIR), 0) }
            set(result, NFTNL_EXPR_CT_DREG, register.number)
        case .addressKind(let ofSource, let register):
            result = try make("fib")
            set(result, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE.rawValue)
            set(result, NFTNL_EXPR_FIB_FLAGS, ofSource ? NFTA_FIB_F_SADDR.rawValue : NFTA_FIB_F_DADDR.rawValue)
            set(result, NFTNL_EXPR_FIB_DREG, register.number)
        case .random(let modulus, let register):
            result = try make("numgen")
            set(result, NFTNL_EXPR_NG_MODULUS, modulus)
            set(result, NFTNL_EXPR_NG_TYPE, NFT_NG_RANDOM.rawValue)
            set(result, NFTNL_EXPR_NG_DREG, register.number)
        case .bitwise(let register, let length, let mask, let xor):
            result = try make("bitwise")
            set(result, NFTNL_EXPR_BITWISE_SREG, register.number)
            set(result, NFTNL_EXPR_BITWISE_DREG, register.number)
            // Mask and xor (NFT_BITWISE_MASK_XOR, which newer headers call NFT_BITWISE_BOOL).
            set(result, NFTNL_EXPR_BITWISE_OP, 0)
            set(result, NFTNL_EXPR_BITWISE_LEN, length)
            set(result, NFTNL_EXPR_BITWISE_MASK, mask)
            set(result, NFTNL_EXPR_BITWISE_XOR, xor)
        case .compare(let register, let equal, let value):
            result = try make("cmp")
            set(result, NFTNL_EXPR_CMP_SREG, register.number)
            set(result, NFTNL_EXPR_CMP_OP, equal ? NFT_CMP_EQ.rawValue : NFT_CMP_NEQ.rawValue)
            set(result, NFTNL_EXPR_CMP_DATA, value)
        case .lookup(let source, let name, let destination, let inverted):
            result = try make("lookup")
            set(result, NFTNL_EXPR_LOOKUP_SREG, source.number)
            nftnl_expr_set_str(result, UInt16(NFTNL_EXPR_LOOKUP_SET), name)
            if let destination { set(result, NFTNL_EXPR_LOOKUP_DREG, destination.number) }
            // Written even when zero, because it is always read back.
            set(result, NFTNL_EXPR_LOOKUP_FLAGS, inverted ? NFT_LOOKUP_F_INV.rawValue : 0)
        case .update(let name, let key):
            result = try make("dynset")
            set(result, NFTNL_EXPR_DYNSET_SREG_KEY, key.number)
            set(result, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE.rawValue)
            nftnl_expr_set_str(result, UInt16(NFTNL_EXPR_DYNSET_SET_NAME), name)
        case .updateMap(let name, let key, let value, let timeout):
            result = try make("dynset")
            set(result, NFTNL_EXPR_DYNSET_SREG_KEY, key.number)
            set(result, NFTNL_EXPR_DYNSET_SREG_DATA, value.number)
            set(result, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE.rawValue)
            nftnl_expr_set_u64(result, UInt16(NFTNL_EXPR_DYNSET_TIMEOUT), UInt64(timeout) * 1000)
            nftnl_expr_set_str(result, UInt16(NFTNL_EXPR_DYNSET_SET_NAME), name)
        case .destinationNAT(let family, let address, let port):
            result = try make("nat")
            set(result, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT.rawValue)
            set(result, NFTNL_EXPR_NAT_FAMILY, UInt32(family.rawValue))
            set(result, NFTNL_EXPR_NAT_REG_ADDR_MIN, address.number)
            set(result, NFTNL_EXPR_NAT_REG_PROTO_MIN, port.number)
            // The ends of the ranges and the flags (NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED) follow from the
            // above; they are written because they are always read back.
            set(result, NFTNL_EXPR_NAT_REG_ADDR_MAX, address.number)
            set(result, NFTNL_EXPR_NAT_REG_PROTO_MAX, port.number)
            set(result, NFTNL_EXPR_NAT_FLAGS, 3)
        case .masquerade(let fullyRandom):
            result = try make("masq")
            // NF_NAT_RANGE_PROTO_RANDOM_FULLY
            if fullyRandom { set(result, NFTNL_EXPR_MASQ_FLAGS, Self.fullyRandom) }
        case .reject(let code):
            result = try make("reject")
            set(result, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH.rawValue)
            nftnl_expr_set_u8(result, UInt16(NFTNL_EXPR_REJECT_CODE), code)
        case .resetConnection:
            result = try make("reject")
            set(result, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST.rawValue)
            nftnl_expr_set_u8(result, UInt16(NFTNL_EXPR_REJECT_CODE), 0)
        case .immediate(let verdict):
            result = try make("immediate")
            set(result, NFTNL_EXPR_IMM_DREG, Register.verdict.number)
            set(result, NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: verdict.code))
            if let chain = verdict.chain { nftnl_expr_set_str(result, UInt16(NFTNL_EXPR_IMM_CHAIN), chain) }
        case .load(let value, let register):
            result = try make("immediate")
            set(result, NFTNL_EXPR_IMM_DREG, register.number)
            set(result, NFTNL_EXPR_IMM_DATA, value)
        case .counter:
            result = try make("counter")
        }
        return result
    }
}
