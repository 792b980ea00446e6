import Nftables

extension Verdict {
    /// NF_ACCEPT, NF_DROP, NFT_RETURN, NFT_JUMP, NFT_GOTO.
    var code: Int32 {
        switch self {
        case .drop: 0
        case .accept: 1
        case .jump: -3
        case .goto: -4
        case .return: -5
        }
    }

    init?(code: Int32, chain: String?) {
        switch (code, chain) {
        case (0, _): self = .drop
        case (1, _): self = .accept
        case (-5, _): self = .return
        case (-3, let chain?): self = .jump(chain)
        case (-4, let chain?): self = .goto(chain)
        default: return nil
        }
    }
}
