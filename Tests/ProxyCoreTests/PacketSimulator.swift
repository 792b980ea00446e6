import Addresses
import Nftables
import ProxyCore
import ServiceCases

/// The first packet of a connection on its way through compiled tables, as the kernel would take it.
struct PacketSimulator {
    typealias Packet = ServicePacket
    typealias Outcome = PacketOutcome

    private enum End { case accept, drop, refuse }

    let table: Table
    let localAddresses: Set<IPAddress>
    /// The elements that packets have added.
    var dynamic: [String: [PackedBytes: ElementValue]] = [:]

    private var packet = Packet(source: IPAddress.Family.v4.unspecified, destination: IPAddress.Family.v4.unspecified, port: 0)
    private var original = Packet(source: IPAddress.Family.v4.unspecified, destination: IPAddress.Family.v4.unspecified, port: 0)
    private var mark: UInt32 = 0
    private var isTranslated = false
    private var isMasqueraded = false
    private var slot = 0

    init(_ table: Table, localAddresses: Set<IPAddress>) {
        self.table = table
        self.localAddresses = localAddresses
    }

    /// - Parameter slot: what is drawn where the rules draw a number, modulo the number of choices.
    mutating func send(_ packet: Packet, slot: Int = 0) -> Outcome {
        (self.packet, original, mark, isTranslated, isMasqueraded, self.slot) = (packet, packet, 0, false, false, slot)
        for point in [packet.isFromNode ? Hook.Point.output : .prerouting, .postrouting] {
            for chain in table.chains.values.filter({ $0.hook?.point == point }).sorted(by: { ($0.hook?.priority ?? 0) < ($1.hook?.priority ?? 0) }) {
                switch run(chain) {
                case .drop: return .dropped
                case .refuse: return .refused
                case .accept, nil: continue
                }
            }
        }
        guard isTranslated else { return .passed }
        return .led(to: "\(self.packet.destination):\(self.packet.port)", masqueraded: isMasqueraded)
    }

    /// The first packet once more, because nobody has answered: it goes where the connection was led, and leaves the node as a new one's does.
    mutating func sendAgain(_ packet: Packet, to target: Endpoint.Target) {
        (self.packet, original, mark, isTranslated, isMasqueraded) = (packet, packet, 0, true, false)
        (self.packet.destination, self.packet.port) = (target.address, target.port)
        for chain in table.chains.values where chain.hook?.point == .postrouting && chain.hook?.kind == .filter { _ = run(chain) }
    }

    /// `nil` when the chain returns to the one that has jumped to it.
    private mutating func run(_ chain: Chain) -> End? {
        for rule in chain.rules {
            verdict: for statement in rule.statements {
                switch statement {
                case .inSet(let selectors, let name, let inverted):
                    if (find(selectors, name) != nil) == inverted { break verdict }
                case .equals(let selector, let value, let inverted):
                    if case .destinationPortOf(let transport) = selector, packet.transport != transport { break verdict }
                    // An interface's name may be compared by its beginning.
                    let isEqual = selector == .inputInterface ? bytes(selector).starts(with: value.array) : bytes(selector) == value.array
                    if isEqual == inverted { break verdict }
                case .anyBit(let selector, let bits):
                    let word: UInt32 =
                        switch selector {
                        case .connectionState: ConnectionState.new
                        case .connectionStatus: isTranslated ? ConnectionStatus.destinationTranslated : 0
                        default: mark
                        }
                    if word & bits == 0 { break verdict }
                case .setMark(let bits): mark |= bits
                case .verdictMap(let selectors, let name):
                    guard case .verdict(let found)? = find(selectors, name) else { break verdict }
                    if let end = follow(found) { return end.value }
                case .destinationNATMap(let selectors, let name):
                    guard case .data(let target)? = find(selectors, name) else { break verdict }
                    let size = table.id.family.addresses.size
                    packet.destination = IPAddress(bytes: target.array[..<size])!
                    packet.port = UInt16(target.array[size]) << 8 | UInt16(target.array[size + 1])
                    isTranslated = true
                    return .accept
                case .updateMap(let selectors, let name, _, let value):
                    let key = key(selectors)
                    if dynamic[name]?[key] == nil { dynamic[name, default: [:]][key] = .data(self.key(value)) }
                case .masquerade:
                    isMasqueraded = true
                    return .accept
                case .reject: return .refuse
                case .resetConnection:
                    if packet.transport != .tcp { break verdict }
                    return .refuse
                case .verdict(let found):
                    if let end = follow(found) { return end.value }
                case .update, .counter, .trace, .foreign: continue
                }
            }
        }
        return nil
    }

    private mutating func follow(_ verdict: Verdict) -> (value: End?, Void)? {
        switch verdict {
        case .accept: return (.accept, ())
        case .drop: return (.drop, ())
        case .return: return (nil, ())
        case .goto(let name): return (table.chains[name].flatMap { run($0) }, ())
        case .jump(let name):
            guard let chain = table.chains[name], let end = run(chain) else { return nil }
            return (end, ())
        }
    }

    private func find(_ selectors: [Selector], _ name: String) -> ElementValue? {
        guard let set = table.sets[name] else { return nil }
        let key = key(selectors)
        guard set.schema.isInterval else { return set.elements[key] ?? dynamic[name]?[key] }
        let types = set.schema.key.types(in: table.id.family)
        return set.elements.first { first, value in
            guard case .through(let last) = value else { return false }
            var offset = 0
            for type in types {
                let field = offset..<(offset + type.length)
                let (low, here, high) = (PackedBytes(first[field]), PackedBytes(key[field]), PackedBytes(last[field]))
                if here < low || high < here { return false }
                offset += type.paddedLength
            }
            return true
        }?.value
    }

    private func key(_ selectors: [Selector]) -> PackedBytes {
        var key = PackedBytes()
        if selectors.count == 1 { return PackedBytes(bytes(selectors[0])) }
        for selector in selectors { key.append(field: bytes(selector)) }
        return key
    }

    private func bytes(_ selector: Selector) -> [UInt8] {
        func port(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }
        func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
        func kind(_ address: IPAddress) -> [UInt8] { (localAddresses.contains(address) ? AddressKind.local : .unicast).packed.array }
        switch selector {
        case .sourceAddress: return packet.source.bytes
        case .destinationAddress: return packet.destination.bytes
        case .originalSourceAddress: return original.source.bytes
        case .originalDestinationAddress: return original.destination.bytes
        case .transportProtocol: return [packet.transport.number]
        case .sourcePort: return port(40000)
        case .destinationPort, .destinationPortOf: return port(packet.port)
        case .originalDestinationPort: return port(original.port)
        case .connectionState, .connectionStatus, .mark: return word(0)
        case .inputInterface: return InterfaceName.exactly(packet.isFromNode ? "" : packet.interface).array
        case .sourceAddressKind: return kind(packet.source)
        case .destinationAddressKind: return kind(packet.destination)
        case .random(let modulus): return word(UInt32(slot) % modulus)
        }
    }
}
