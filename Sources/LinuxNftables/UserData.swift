import CMnl
import Nftables

/// The notes that nft keeps beside objects, which the kernel stores unread: comments, byte orders, `typeof`. Without
/// them `nft list` could not print what the rules mean. One byte type, one byte length, content.
struct UserData {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ type: UInt8, _ content: [UInt8]) {
        bytes += [type, UInt8(clamping: content.count)] + content.prefix(255)
    }

    /// Numbers are in host byte order.
    mutating func add(_ type: UInt8, _ value: UInt32) {
        add(type, withUnsafeBytes(of: value) { Array($0) })
    }

    /// A comment: text with a closing NUL, at most nft's 128 bytes.
    mutating func add(_ type: UInt8, comment: String) {
        add(type, comment.utf8.prefix(127) + [0])
    }

    mutating func nested<E: Error>(_ type: UInt8, _ body: (inout UserData) throws(E) -> Void) throws(E) {
        var inner = UserData()
        try body(&inner)
        add(type, inner.bytes)
    }

    /// The comment in the notes of a table, chain (type 0) or rule (type 0).
    static func comment(in bytes: some Collection<UInt8>) -> String? {
        var rest = Array(bytes)[...]
        while let type = rest.first, rest.count >= 2 {
            let length = Int(rest[rest.startIndex + 1])
            let content = rest.dropFirst(2).prefix(length)
            if type == 0 { return String(decoding: content.prefix { $0 != 0 }, as: UTF8.self) }
            rest = rest.dropFirst(2 + length)
        }
        return nil
    }

    static func comment(_ text: String) -> [UInt8] {
        var data = UserData()
        data.add(0, comment: text)
        return data.bytes
    }
}

extension UserData {
    /// Expression and field numbers of nft's own sources (enum expr_types, enum proto_desc_id); they are part of what
    /// it stores, and so do not change.
    private enum Expression {
        static let payload: UInt32 = 7
        static let meta: UInt32 = 9
        static let concatenation: UInt32 = 13
        static let numgen: UInt32 = 23
    }

    /// A header's number (PROTO_DESC_*) and those of its fields (enum ip_hdr_fields, ip6_hdr_fields, th_hdr_fields).
    private enum Header {
        static let transport = (number: UInt32(11), sourcePort: UInt32(1), destinationPort: UInt32(2))
        static let ip = (number: UInt32(12), source: UInt32(11), destination: UInt32(12))
        static let ip6 = (number: UInt32(13), source: UInt32(8), destination: UInt32(9))
    }

    /// Notes the expressions behind a `typeof`.
    mutating func add(_ type: UInt8, typeOf selectors: [Selector], in family: TableFamily) throws(NftablesError) {
        try nested(type) { outer throws(NftablesError) in
            guard selectors.count != 1 else { return try outer.add(expression: selectors[0], in: family) }
            outer.add(0, Expression.concatenation)
            try outer.nested(1) { list throws(NftablesError) in
                for (index, selector) in selectors.enumerated() {
                    try list.nested(UInt8(index)) { entry throws(NftablesError) in try entry.add(expression: selector, in: family) }
                }
            }
        }
    }

    private mutating func add(expression selector: Selector, in family: TableFamily) throws(NftablesError) {
        switch selector {
        case .random(let modulus):
            add(0, Expression.numgen)
            nested(1) {
                $0.add(0, UInt32(1))
                $0.add(1, modulus)
                $0.add(2, UInt32(0))
            }
        case .transportProtocol:
            add(0, Expression.meta)
            nested(1) { $0.add(0, UInt32(NFT_META_L4PROTO.rawValue)) }
        case .sourceAddress: addPayload(header: Self.header(family).number, field: Self.header(family).source)
        case .destinationAddress: addPayload(header: Self.header(family).number, field: Self.header(family).destination)
        case .sourcePort: addPayload(header: Header.transport.number, field: Header.transport.sourcePort)
        case .destinationPort: addPayload(header: Header.transport.number, field: Header.transport.destinationPort)
        default:
            throw NftablesError(code: .unencodable, detail: "typeof \(selector.text(in: family)) is not known")
        }
    }

    private static func header(_ family: TableFamily) -> (number: UInt32, source: UInt32, destination: UInt32) {
        family == .ip ? Header.ip : Header.ip6
    }

    private mutating func addPayload(header number: UInt32, field: UInt32) {
        add(0, Expression.payload)
        nested(1) {
            $0.add(0, number)
            $0.add(1, field)
        }
    }
}
