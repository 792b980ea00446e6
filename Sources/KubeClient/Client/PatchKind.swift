/// The three ways to describe a change of an object, by their content types.
package enum PatchKind: String, Sendable {
    /// RFC 6902: a list of operations.
    case json = "application/json-patch+json"
    /// RFC 7386: members replace members, null removes.
    case merge = "application/merge-patch+json"
    /// Kubernetes' own: lists are merged by their keys.
    case strategicMerge = "application/strategic-merge-patch+json"
}
