import Addresses
import Nftables

extension Endpoint.Target {
    /// The value of a destination NAT map: address . port.
    var packed: PackedBytes {
        var packed = PackedBytes()
        packed.append(field: address.bytes)
        packed.append(bigEndian: port)
        return packed
    }
}
