import CMnl
import LinuxNetlink
import Nftables

/// Collects the elements of dumped messages.
struct ElementDecoder {
    let isInterval: Bool
    let isConcatenation: Bool
    private var plain: [PackedBytes: ElementValue] = [:]
    /// Borders of ranges: where one starts (true) or has ended (false).
    private var borders: [(key: PackedBytes, starts: Bool)] = []

    init(of schema: SetSchema) {
        isInterval = schema.isInterval
        isConcatenation = schema.isConcatenation
    }

    mutating func add(_ attributes: NetlinkAttributes) {
        var key: PackedBytes?
        var value = ElementValue.member
        var flags: UInt32 = 0
        for attribute in attributes {
            switch UInt32(attribute.type) {
            case NFTA_SET_ELEM_KEY.rawValue:
                guard let bytes = attribute.nested[NFTA_DATA_VALUE.rawValue]?.bytes, bytes.count <= PackedBytes.capacity else { continue }
                key = PackedBytes(bytes)
            case NFTA_SET_ELEM_KEY_END.rawValue:
                guard let bytes = attribute.nested[NFTA_DATA_VALUE.rawValue]?.bytes, bytes.count <= PackedBytes.capacity else { continue }
                value = .through(PackedBytes(bytes))
            case NFTA_SET_ELEM_DATA.rawValue:
                value = Self.value(attribute.nested) ?? value
            case NFTA_SET_ELEM_FLAGS.rawValue:
                flags = attribute.bigEndian32 ?? 0
            default: break
            }
        }
        guard let key else { return }
        if isInterval, !isConcatenation {
            borders.append((key, flags & NFT_SET_ELEM_INTERVAL_END.rawValue == 0))
        } else {
            plain[key] = value
        }
    }

    private static func value(_ data: NetlinkAttributes) -> ElementValue? {
        for attribute in data {
            switch UInt32(attribute.type) {
            case NFTA_DATA_VALUE.rawValue where attribute.bytes.count <= PackedBytes.capacity:
                return .data(PackedBytes(attribute.bytes))
            case NFTA_DATA_VERDICT.rawValue:
                let parts = attribute.nested
                guard let code = parts[NFTA_VERDICT_CODE.rawValue]?.bigEndian32 else { return nil }
                return Verdict(code: Int32(bitPattern: code), chain: parts[NFTA_VERDICT_CHAIN.rawValue]?.string).map { .verdict($0) }
            default: break
            }
        }
        return nil
    }

    /// The elements, ranges put together from their borders.
    var elements: [PackedBytes: ElementValue] {
        guard isInterval, !isConcatenation else { return plain }
        var result: [PackedBytes: ElementValue] = [:]
        var start: PackedBytes?
        // Where one range ends and the next starts at the same address, the end comes first.
        for border in borders.sorted(by: { $0.key == $1.key ? !$0.starts && $1.starts : $0.key < $1.key }) {
            if let begun = start, let last = border.key.predecessor { result[begun] = .through(last) }
            start = border.starts ? border.key : nil
        }
        if let start { result[start] = .through(PackedBytes([UInt8](repeating: 0xff, count: start.count))) }
        return result
    }
}
