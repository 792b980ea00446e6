package import KubeModel

/// A label selector ready to be asked: all requirements must hold.
package struct LabelMatcher: Sendable, Hashable {
    package let requirements: [LabelRequirement]

    package init(requirements: [LabelRequirement]) { self.requirements = requirements }

    /// Selects everything.
    package static let everything = LabelMatcher(requirements: [])

    /// The selector of a Service or a ReplicationController: plain equality.
    package init(matchLabels: [String: String]) {
        requirements = matchLabels.sorted { $0.key < $1.key }.map { LabelRequirement(key: $0.key, condition: .isIn([$0.value])) }
    }

    /// `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>3` as in the query parameter `labelSelector`. Throws ``SelectorError``.
    package init(parsing text: String) throws {
        var parser = LabelSelectorParser(text)
        requirements = try parser.requirements()
    }

    /// The object form of `metav1.LabelSelector`: `matchLabels` and `matchExpressions`. Throws ``SelectorError``.
    package init(object: JSONValue) throws {
        var requirements: [LabelRequirement] = []
        for (key, value) in (object["matchLabels"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            requirements.append(LabelRequirement(key: key, condition: .isIn([value.string ?? ""])))
        }
        for expression in object["matchExpressions"]?.array ?? [] {
            let key = expression["key"]?.string ?? ""
            let name = expression["operator"]?.string ?? ""
            let values = Set((expression["values"]?.array ?? []).compactMap(\.string))
            func fail(_ code: SelectorError.Code, _ reason: String) -> SelectorError {
                SelectorError(code: code, selector: expression.description, reason: reason)
            }
            let condition: LabelRequirement.Operator
            switch name {
            case "In": condition = .isIn(values)
            case "NotIn": condition = .isNotIn(values)
            case "Exists": condition = .exists
            case "DoesNotExist": condition = .doesNotExist
            default: throw fail(.badOperator, "operator \"\(name)\" is none of In, NotIn, Exists, DoesNotExist")
            }
            let needsValues = name == "In" || name == "NotIn"
            guard values.isEmpty != needsValues else {
                throw fail(.badValues, needsValues ? "\(name) needs at least one value" : "\(name) takes no values")
            }
            requirements.append(LabelRequirement(key: key, condition: condition))
        }
        self.requirements = requirements
    }

    package func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels[$0.key]) } }

    /// Asks an object's `metadata.labels`.
    package func matches(object: JSONValue) -> Bool {
        if requirements.isEmpty { return true }
        let labels = object["metadata", "labels"]
        return requirements.allSatisfy { $0.matches(labels?[$0.key]?.string) }
    }
}
