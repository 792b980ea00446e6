/// One condition on a set of labels.
package struct LabelRequirement: Sendable, Hashable {
    package enum Operator: Sendable, Hashable {
        case isIn(Set<String>)
        case isNotIn(Set<String>)
        case exists
        case doesNotExist
        /// The label is a whole number and greater.
        case greaterThan(Int64)
        case lessThan(Int64)
    }

    package let key: String
    package let condition: Operator

    package init(key: String, condition: Operator) {
        self.key = key
        self.condition = condition
    }

    package func matches(_ value: String?) -> Bool {
        switch condition {
        case .isIn(let values): value.map { values.contains($0) } ?? false
        // A label that is not there is in no set: notin and != select such objects.
        case .isNotIn(let values): value.map { !values.contains($0) } ?? true
        case .exists: value != nil
        case .doesNotExist: value == nil
        case .greaterThan(let limit): value.flatMap { Int64($0) }.map { $0 > limit } ?? false
        case .lessThan(let limit): value.flatMap { Int64($0) }.map { $0 < limit } ?? false
        }
    }
}
