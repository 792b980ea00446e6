import CMnl

extension NetworkStack {
    /// Limits what an interface sends: packets above the rate wait, for 25 ms at most, and are dropped when more wait. Replaces an earlier limit. It goes
    /// with the interface.
    /// - Parameter rate: bits per second, at least 8.
    /// - Throws: ENOENT when the kernel lacks the queueing discipline `tbf`.
    package func limitRate(_ rate: Int64, of link: UInt32) throws(NetlinkError) {
        let bucket = TokenBucketQueue(bitsPerSecond: rate)
        var message = NetlinkMessage("RTM_NEWQDISC", type: RTM_NEWQDISC, flags: Int32(NLM_F_CREATE | NLM_F_REPLACE))
        message.append(Self.trafficHeader(link, parent: TrafficControl.root))
        message.attribute(TrafficControl.kind, string: "tbf")
        message.nested(TrafficControl.options) { options in
            options.attribute(TokenBucketQueue.Attribute.parameters, bytes: bucket.parameters)
            options.attribute(TokenBucketQueue.Attribute.rate, bucket.bytesPerSecond)
            options.attribute(TokenBucketQueue.Attribute.burst, bucket.burst)
        }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about("rate of link \(link)")
        }
    }
}

/// The numbers of a token bucket for the kernel's `tbf`.
struct TokenBucketQueue: Hashable {
    /// TCA_TBF_* of <linux/pkt_sched.h>.
    enum Attribute {
        static let parameters: UInt16 = 1
        static let rate: UInt16 = 4
        static let burst: UInt16 = 6
    }

    let bytesPerSecond: UInt64
    /// Bytes that may leave at once: 50 ms of the rate, and at least two of the largest packets that the kernel hands over in one piece.
    let burst: UInt32
    /// Bytes that may wait.
    let limit: UInt32

    init(bitsPerSecond: Int64) {
        bytesPerSecond = UInt64(max(bitsPerSecond, 8)) / 8
        burst = UInt32(clamping: max(bytesPerSecond / 20, 128 << 10))
        limit = UInt32(clamping: UInt64(burst) + bytesPerSecond / 40)
    }

    /// `struct tc_tbf_qopt`: two `struct tc_ratespec`, limit, buffer, mtu. Rate and burst have attributes of their own, in larger numbers and in bytes.
    var parameters: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
        for rate in [UInt32(clamping: bytesPerSecond), 0] {
            append(UInt8(0))
            // TC_LINKLAYER_ETHERNET: the kernel computes times itself and wants no table.
            append(UInt8(1))
            append(UInt16(0))
            append(Int16(0))
            append(UInt16(0))
            append(rate)
        }
        append(limit)
        append(UInt32(0))
        append(UInt32(0))
        return bytes
    }
}
