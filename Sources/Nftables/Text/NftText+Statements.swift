extension NftText {
    static func text(of statement: Statement, in family: TableFamily) -> String {
        func joined(_ selectors: [Selector]) -> String { selectors.map { $0.text(in: family) }.joined(separator: " . ") }
        switch statement {
        case .inSet(let selectors, let set, let inverted):
            return "\(joined(selectors)) \(inverted ? "!= " : "")@\(set)"
        case .equals(let selector, let value, let inverted):
            return "\(joined([selector])) \(inverted ? "!= " : "")\(constant(value, of: selector, in: family))"
        case .anyBit(let selector, let bits):
            return anyBit(selector, bits, in: family)
        case .setMark(let bits):
            return "meta mark set meta mark | 0x" + hexadecimal(bits, digits: 8)
        case .verdictMap(let selectors, let map):
            return "\(joined(selectors)) vmap @\(map)"
        case .destinationNATMap(let selectors, let map):
            return "dnat \(family.name) to \(joined(selectors)) map @\(map)"
        case .update(let selectors, let set):
            return "update @\(set) { \(joined(selectors)) }"
        case .updateMap(let selectors, let map, let timeout, let value):
            return "update @\(map) { \(joined(selectors)) timeout \(duration(timeout)) : \(joined(value)) }"
        case .masquerade(let fullyRandom):
            return fullyRandom ? "masquerade fully-random" : "masquerade"
        case .reject:
            return "reject"
        case .resetConnection:
            return "reject with tcp reset"
        case .counter:
            return "counter packets 0 bytes 0"
        case .trace:
            return "meta nftrace set 1"
        case .verdict(let verdict):
            return verdict.text
        case .foreign(let text):
            return text
        }
    }

    private static func constant(_ value: PackedBytes, of selector: Selector, in family: TableFamily) -> String {
        if selector == .inputInterface { return interface(value) }
        let number = text(of: value, types: [selector.type(in: family)])
        switch selector {
        case .sourceAddressKind, .destinationAddressKind: return UInt32(number).flatMap(AddressKind.init).map { "\($0)" } ?? number
        default: return number
        }
    }

    /// `"eth0"`, and `"veth*"` for the beginning of a name.
    private static func interface(_ value: PackedBytes) -> String {
        let name = text(of: value.array, type: .interfaceName)
        return quoted(value.count < InterfaceName.size ? name + "*" : name)
    }

    private static func anyBit(_ selector: Selector, _ bits: UInt32, in family: TableFamily) -> String {
        let names: [(bit: UInt32, name: String)]
        switch selector {
        case .connectionState: names = ConnectionState.names
        case .connectionStatus: names = ConnectionStatus.names
        default: return "\(selector.text(in: family)) & 0x\(hexadecimal(bits, digits: 8)) != 0x00000000"
        }
        return "\(selector.text(in: family)) " + names.filter { bits & $0.bit != 0 }.map(\.name).joined(separator: ",")
    }
}
