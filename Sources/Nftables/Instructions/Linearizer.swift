import Addresses

/// Turns typed statements into the kernel's instructions.
package struct Linearizer {
    private let family: TableFamily
    private var result: [Instruction] = []

    private init(_ family: TableFamily) { self.family = family }

    /// - Throws: `.unencodable` for a foreign statement.
    package static func instructions(of rule: Rule, in family: TableFamily) throws(NftablesError) -> [Instruction] {
        var linearizer = Linearizer(family)
        for statement in rule.statements { try linearizer.add(statement) }
        return linearizer.result
    }

    private mutating func add(_ statement: Statement) throws(NftablesError) {
        let first = Register(index: 0)
        switch statement {
        case .inSet(let selectors, let set, let inverted):
            load(selectors)
            result.append(.lookup(first, set: set, to: nil, inverted: inverted))
        case .equals(let selector, let value, let inverted):
            if case .destinationPortOf(let transport) = selector { require(transport) }
            load([selector])
            result.append(.compare(first, equal: !inverted, value))
        case .anyBit(let selector, let bits):
            load([selector])
            result.append(.bitwise(first, length: 4, mask: Self.word(bits), xor: Self.word(0)))
            result.append(.compare(first, equal: false, Self.word(0)))
        case .setMark(let bits):
            load([.mark])
            result.append(.bitwise(first, length: 4, mask: Self.word(~bits), xor: Self.word(bits)))
            result.append(.setMeta(.mark, from: first))
        case .verdictMap(let selectors, let map):
            load(selectors)
            result.append(.lookup(first, set: map, to: .verdict, inverted: false))
        case .destinationNATMap(let selectors, let map):
            load(selectors)
            result.append(.lookup(first, set: map, to: first, inverted: false))
            result.append(.destinationNAT(family, address: first, port: Register(index: family.addresses.size / 4)))
        case .update(let selectors, let set):
            load(selectors)
            result.append(.update(set: set, key: first))
        case .updateMap(let selectors, let map, let timeout, let value):
            load(selectors)
            let behind = selectors.reduce(0) { $0 + $1.type(in: family).paddedLength / 4 }
            load(value, from: behind)
            result.append(.updateMap(set: map, key: first, value: Register(index: behind), timeout: timeout))
        case .masquerade(let fullyRandom):
            result.append(.masquerade(fullyRandom: fullyRandom))
        case .reject:
            // ICMP and ICMPv6 number "port unreachable" differently.
            result.append(.reject(code: family == .ip ? 3 : 4))
        case .resetConnection:
            require(.tcp)
            result.append(.resetConnection)
        case .counter:
            result.append(.counter)
        case .trace:
            result.append(.load(PackedBytes([1]), to: first))
            result.append(.setMeta(.trace, from: first))
        case .verdict(let verdict):
            result.append(.immediate(verdict))
        case .foreign(let text):
            throw NftablesError(code: .unencodable, detail: "a rule of another program cannot be written: \(text)")
        }
    }

    private static func word(_ value: UInt32) -> PackedBytes {
        var bytes = PackedBytes()
        bytes.append(host: value)
        return bytes
    }

    private mutating func require(_ transport: TransportProtocol) {
        load([.transportProtocol])
        result.append(.compare(Register(index: 0), equal: true, PackedBytes([transport.number])))
    }

    /// Loads a concatenation, every field on its own registers.
    private mutating func load(_ selectors: [Selector], from start: Int = 0) {
        var index = start
        for selector in selectors {
            result.append(instruction(for: selector, to: Register(index: index)))
            index += selector.type(in: family).paddedLength / 4
        }
    }

    private func instruction(for selector: Selector, to register: Register) -> Instruction {
        let length = UInt32(family.addresses.size)
        switch selector {
        case .sourceAddress: return .payload(.network, offset: family == .ip ? 12 : 8, length: length, to: register)
        case .destinationAddress: return .payload(.network, offset: family == .ip ? 16 : 24, length: length, to: register)
        case .transportProtocol: return .meta(.transportProtocol, to: register)
        case .sourcePort: return .payload(.transport, offset: 0, length: 2, to: register)
        case .destinationPort, .destinationPortOf: return .payload(.transport, offset: 2, length: 2, to: register)
        case .originalSourceAddress:
            return .connection(family == .ip ? .sourceIPv4 : .sourceIPv6, original: true, to: register)
        case .originalDestinationAddress:
            return .connection(family == .ip ? .destinationIPv4 : .destinationIPv6, original: true, to: register)
        case .originalDestinationPort: return .connection(.destinationPort, original: true, to: register)
        case .connectionState: return .connection(.state, original: false, to: register)
        case .connectionStatus: return .connection(.status, original: false, to: register)
        case .mark: return .meta(.mark, to: register)
        case .inputInterface: return .meta(.inputInterfaceName, to: register)
        case .sourceAddressKind: return .addressKind(ofSource: true, to: register)
        case .destinationAddressKind: return .addressKind(ofSource: false, to: register)
        case .random(let modulus): return .random(modulus: modulus, to: register)
        }
    }
}
