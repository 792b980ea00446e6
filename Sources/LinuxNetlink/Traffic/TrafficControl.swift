/// Numbers of <linux/pkt_sched.h> and <linux/pkt_cls.h>.
enum TrafficControl {
    static let kind: UInt16 = 1  // TCA_KIND
    static let options: UInt16 = 2  // TCA_OPTIONS
    static let programLength: UInt16 = 4  // TCA_BPF_OPS_LEN
    static let program: UInt16 = 5  // TCA_BPF_OPS
    static let programName: UInt16 = 7  // TCA_BPF_NAME
    static let programFlags: UInt16 = 8  // TCA_BPF_FLAGS
    static let root: UInt32 = 0xffff_ffff  // TC_H_ROOT
    static let ingressParent: UInt32 = 0xffff_fff1  // TC_H_INGRESS
    static let ingressHandle: UInt32 = 0xffff_0000
    /// Preference 1, ETH_P_ALL in network byte order.
    static let firstOfAllProtocols: UInt32 = 1 << 16 | UInt32(UInt16(3).bigEndian)
}
