import CMnl
import LinuxNetlink
import Nftables

/// A set's declaration in the kernel's own numbers, as written for a schema and as read back.
struct SetAttributes: Equatable {
    var flags: UInt32 = 0
    var keyType: UInt32 = 0
    var keyLength: UInt32 = 0
    var dataType: UInt32 = 0
    var dataLength: UInt32 = 0
    /// Milliseconds.
    var timeout: UInt64 = 0
    var size: UInt32 = 0
    /// Bytes of each field of an interval set with several.
    var fields: [UInt32] = []
    var userData: [UInt8] = []

    static let verdictType: UInt32 = 0xffff_ff00

    init(_ schema: SetSchema, in family: TableFamily) throws(NftablesError) {
        keyType = DataType.packed(schema.key.types(in: family))
        keyLength = UInt32(schema.key.length(in: family))
        size = schema.size ?? 0
        timeout = UInt64(schema.timeout ?? 0) * 1000
        if schema.isInterval { flags |= NFT_SET_INTERVAL.rawValue }
        if schema.isInterval, schema.isConcatenation {
            flags |= NFT_SET_CONCAT.rawValue
            fields = schema.key.types(in: family).map { UInt32($0.length) }
        }
        if schema.isDynamic { flags |= NFT_SET_EVAL.rawValue }
        if schema.timeout != nil { flags |= NFT_SET_TIMEOUT.rawValue }
        switch schema.value {
        case .none: break
        case .verdict:
            flags |= NFT_SET_MAP.rawValue
            dataType = Self.verdictType
            dataLength = 16
        case .data(let fields):
            flags |= NFT_SET_MAP.rawValue
            dataType = DataType.packed(fields.types(in: family))
            dataLength = UInt32(fields.length(in: family))
        }
        userData = try Self.notes(on: schema, in: family)
    }

    private static func notes(on schema: SetSchema, in family: TableFamily) throws(NftablesError) -> [UInt8] {
        var notes = UserData()
        // Byte order: 2 is network order, 0 is that of a concatenation's own fields.
        notes.add(0, UInt32(schema.key.types(in: family).count == 1 ? 2 : 0))
        if schema.value != .none { notes.add(1, UInt32(0)) }
        if case .typeOf(let selectors) = schema.key { try notes.add(3, typeOf: selectors, in: family) }
        if case .data(.typeOf(let selectors)) = schema.value { try notes.add(4, typeOf: selectors, in: family) }
        if schema.value != .none { notes.add(6, UInt32(0)) }
        if let comment = schema.comment { notes.add(7, comment: comment) }
        return notes.bytes
    }

    /// From a dumped NFT_MSG_NEWSET.
    init(_ attributes: NetlinkAttributes) {
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_SET_FLAGS.rawValue: flags = attribute.bigEndian32 ?? 0
            case NFTA_SET_KEY_TYPE.rawValue: keyType = attribute.bigEndian32 ?? 0
            case NFTA_SET_KEY_LEN.rawValue: keyLength = attribute.bigEndian32 ?? 0
            case NFTA_SET_DATA_TYPE.rawValue: dataType = attribute.bigEndian32 ?? 0
            case NFTA_SET_DATA_LEN.rawValue: dataLength = attribute.bigEndian32 ?? 0
            case NFTA_SET_TIMEOUT.rawValue: timeout = attribute.bigEndian64 ?? 0
            case NFTA_SET_DESC.rawValue:
                size = attribute.nested[NFTA_SET_DESC_SIZE.rawValue]?.bigEndian32 ?? 0
                let list = attribute.nested[NFTA_SET_DESC_CONCAT.rawValue]?.nested
                fields = list?.compactMap { $0.nested[NFTA_SET_FIELD_LEN.rawValue]?.bigEndian32 } ?? []
            case NFTA_SET_USERDATA.rawValue: userData = Array(attribute.bytes)
            default: break
            }
        }
    }
}
