import CMnl
import CNftnl
import Glibc
import Nftables

/// The messages of one transaction, back to back, and which operation each belongs to.
struct BatchBuffer: ~Copyable {
    /// libnftnl writes without looking at a limit: one message holds at most one list of elements (64 KiB) and names.
    static let room = 160 * 1024

    private(set) var bytes: [UInt8] = []
    /// Operation of the message with sequence `firstSequence + index`.
    private(set) var owners: [Int] = []
    private var lastMessage = 0
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: BatchBuffer.room, alignment: 16)

    /// The batch's own begin message has this number; messages of operations follow.
    static let beginSequence: UInt32 = 1
    static let firstSequence: UInt32 = 2

    /// - Parameter generation: the batch is refused when the ruleset is of another one by then.
    init(ifGeneration generation: UInt32?) {
        let text = scratch.baseAddress?.assumingMemoryBound(to: CChar.self)
        if let header = nftnl_batch_begin(text, Self.beginSequence) {
            if let generation { mnl_attr_put_u32(header, UInt16(NFNL_BATCH_GENID.rawValue), generation.bigEndian) }
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<Int(header.pointee.nlmsg_len)]))
        }
    }

    deinit { scratch.deallocate() }

    mutating func add(
        _ type: nf_tables_msg_types, flags: Int32 = 0, family: TableFamily, operation: Int,
        _ payload: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) {
        let text = scratch.baseAddress?.assumingMemoryBound(to: CChar.self)
        let sequence = Self.firstSequence + UInt32(owners.count)
        guard
            let header = nftnl_nlmsg_build_hdr(text, UInt16(type.rawValue), UInt16(family.rawValue), UInt16(NLM_F_REQUEST | flags), sequence)
        else { return }
        payload(header)
        owners.append(operation)
        lastMessage = bytes.count
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<Int(header.pointee.nlmsg_len)]))
    }

    /// Closes the batch. The last operation asks for an acknowledgement: without one, a batch that was
    /// not understood would look like a success.
    mutating func finish() {
        let flagsOffset = lastMessage + 6
        let flags = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: flagsOffset, as: UInt16.self) } | UInt16(NLM_F_ACK)
        withUnsafeBytes(of: flags) { bytes.replaceSubrange(flagsOffset..<(flagsOffset + 2), with: $0) }
        let text = scratch.baseAddress?.assumingMemoryBound(to: CChar.self)
        if let header = nftnl_batch_end(text, Self.firstSequence + UInt32(owners.count)) {
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<Int(header.pointee.nlmsg_len)]))
        }
    }
}
