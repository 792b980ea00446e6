import Addresses
package import Nftables

/// Session affinity: a client that has reached a frontend is led to the same endpoint until its time is over.
///
/// The map is read when a connection is new, and written when its first packet leaves: only then is the endpoint known. The agent removes
/// clients whose endpoint is gone.
package enum AffinityRules {
    /// Seconds of the map itself; every rule that writes has its own.
    private static let timeout: UInt32 = 10800
    /// Clients remembered at once. Further ones are served without affinity.
    private static let capacity: UInt32 = 131_072

    /// The endpoints that clients may be led to. A client that is still connecting to one that is gone sends its first packet again and again, along
    /// the way that was chosen for it; without this its place would come back each time after the agent has removed it.
    static func endpointsSchema(_ family: TableFamily) -> SetSchema {
        SetSchema(
            name: SetName.affineEndpoints, key: .types([family.addressType, .protocolNumber, .port]), comment: "endpoints that clients stay with")
    }

    /// client . frontend, of a packet whose destination is not translated yet.
    static let key: [Selector] = [.sourceAddress, .destinationAddress, .transportProtocol, .destinationPort]

    package static func schema(_ family: TableFamily) -> SetSchema {
        SetSchema(
            name: SetName.affinities, key: .typeOf(key), value: .data(.typeOf([.destinationAddress, .destinationPort])), isDynamic: true,
            timeout: timeout, size: capacity, comment: "client . address . protocol . port : endpoint")
    }

    static func chains(timeouts: Set<UInt32>) -> [Chain] {
        let transports = TransportProtocols.all
        let lookups = transports.flatMap { _, isPort -> [Rule] in
            [
                Rule(isPort, .verdictMap(FrontendMaps.addressed.originalKey, FrontendMaps.addressed.affine)),
                Rule(
                    .inSet([.originalDestinationAddress], SetName.nodePortIPs), isPort,
                    .verdictMap(FrontendMaps.nodePorts.originalKey, FrontendMaps.nodePorts.affine)),
            ]
        }
        return [
            Chain(
                ChainName.affinityPostrouting, hook: Hook(.filter, .postrouting, priority: Hook.filter),
                rules: [
                    Rule(
                        .anyBit(.connectionState, ConnectionState.new), .anyBit(.connectionStatus, ConnectionStatus.destinationTranslated),
                        .verdict(.jump(ChainName.affinity)))
                ]),
            Chain(ChainName.affinity, rules: lookups),
        ] + timeouts.sorted().map { remember($0) }
    }

    private static func remember(_ timeout: UInt32) -> Chain {
        Chain(
            ChainName.remember(timeout),
            rules: TransportProtocols.all.map { port, isPort in
                Rule(
                    isPort, .inSet([.destinationAddress, .transportProtocol, port], SetName.affineEndpoints),
                    .updateMap(
                        [.sourceAddress, .originalDestinationAddress, .transportProtocol, .originalDestinationPort], SetName.affinities,
                        timeout: timeout, value: [.destinationAddress, port]))
            })
    }

    private enum TransportProtocols {
        /// A protocol's port, and a statement about it that is always true: nft understands `ct original proto-dst` only behind such a one.
        static let all: [(port: Selector, isPort: Statement)] = TransportProtocol.allCases.map { transport in
            (.destinationPortOf(transport), .equals(.destinationPortOf(transport), PackedBytes([0, 0]), inverted: true))
        }
    }
}
