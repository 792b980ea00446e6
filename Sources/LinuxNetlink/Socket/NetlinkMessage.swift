import CMnl

/// A request under construction: the family's fixed header first (`append`), then attributes.
///
/// `NLM_F_REQUEST`, `NLM_F_ACK`, `NLM_F_DUMP`, length, sequence and port are the socket's business.
package struct NetlinkMessage: Sendable {
    /// How errors name this request, e.g. `RTM_NEWLINK`.
    package let name: String
    package let type: UInt16
    /// Extra flags such as `NLM_F_CREATE | NLM_F_EXCL`.
    package let flags: UInt16
    package private(set) var payload: [UInt8] = []

    package init(_ name: String, type: some BinaryInteger, flags: Int32 = 0) {
        self.name = name
        self.type = UInt16(truncatingIfNeeded: type)
        self.flags = UInt16(truncatingIfNeeded: flags)
    }

    /// Adds the family's header (`ifinfomsg`, `rtmsg`, …), padded to four bytes.
    package mutating func append<T: BitwiseCopyable>(_ header: T) {
        withUnsafeBytes(of: header) { payload.append(contentsOf: $0) }
        pad()
    }

    package mutating func attribute(_ type: some BinaryInteger, bytes: some Collection<UInt8>) {
        start(type, length: 4 + bytes.count)
        payload.append(contentsOf: bytes)
        pad()
    }

    /// A number in host byte order, of the width of `value`.
    package mutating func attribute(_ type: some BinaryInteger, _ value: some FixedWidthInteger & BitwiseCopyable) {
        withUnsafeBytes(of: value) { attribute(type, bytes: $0) }
    }

    /// A number in network byte order, of the width of `value`.
    package mutating func attribute(_ type: some BinaryInteger, bigEndian value: some FixedWidthInteger & BitwiseCopyable) {
        attribute(type, value.bigEndian)
    }

    /// Text with a closing NUL.
    package mutating func attribute(_ type: some BinaryInteger, string: String) {
        attribute(type, bytes: Array(string.utf8) + [0])
    }

    /// An attribute without content: its presence is the value.
    package mutating func attribute(flag type: some BinaryInteger) {
        start(type, length: 4)
    }

    /// A C structure as the content.
    package mutating func attribute<T: BitwiseCopyable>(_ type: some BinaryInteger, structure: T) {
        withUnsafeBytes(of: structure) { attribute(type, bytes: $0) }
    }

    /// Adds an attribute with the content that `body` adds: further attributes, or a header and attributes (a veth's peer).
    package mutating func nested<E: Error>(_ type: some BinaryInteger, _ body: (inout NetlinkMessage) throws(E) -> Void) throws(E) {
        let offset = payload.count
        start(UInt16(truncatingIfNeeded: type) | UInt16(truncatingIfNeeded: NLA_F_NESTED), length: 0)
        try body(&self)
        let length = UInt16(clamping: payload.count - offset)
        withUnsafeBytes(of: length) { payload.replaceSubrange(offset..<(offset + 2), with: $0) }
    }

    private mutating func start(_ type: some BinaryInteger, length: Int) {
        withUnsafeBytes(of: UInt16(clamping: length)) { payload.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt16(truncatingIfNeeded: type)) { payload.append(contentsOf: $0) }
    }

    private mutating func pad() {
        while payload.count % 4 != 0 { payload.append(0) }
    }

    /// The whole message as it goes out.
    func encoded(flags extra: UInt16, sequence: UInt32) -> [UInt8] {
        let header = nlmsghdr(
            nlmsg_len: UInt32(MemoryLayout<nlmsghdr>.size + payload.count), nlmsg_type: type, nlmsg_flags: flags | extra,
            nlmsg_seq: sequence, nlmsg_pid: 0)
        return withUnsafeBytes(of: header) { Array($0) } + payload
    }
}
