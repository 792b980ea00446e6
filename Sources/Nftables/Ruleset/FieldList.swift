/// The fields of a set's key or of a map's value, in order.
package enum FieldList: Sendable, Hashable {
    /// `type ipv4_addr . inet_proto`
    case types([DataType])
    /// `typeof ip daddr . meta l4proto`: for fields that have no type keyword.
    case typeOf([Selector])

    package func types(in family: TableFamily) -> [DataType] {
        switch self {
        case .types(let types): types
        case .typeOf(let selectors): selectors.map { $0.type(in: family) }
        }
    }

    /// Bytes of a whole value. A lone field is not padded.
    package func length(in family: TableFamily) -> Int {
        let types = types(in: family)
        return types.count == 1 ? types[0].length : types.reduce(0) { $0 + $1.paddedLength }
    }
}
