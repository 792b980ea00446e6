import DevCluster
import KubeModel
import Testing

@Suite("Selectors")
struct SelectorTests {
    private static let labels = ["app": "web", "tier": "front", "n": "5", "example.com/x": ""]

    @Test(
        "label selectors match labels",
        arguments: [
            ("", true), ("app=web", true), ("app==web", true), ("app = web , tier=front", true), ("app=db", false), ("app!=db", true),
            ("missing!=x", true),
            ("app!=web", false), ("app in (web,db)", true), ("app in (db)", false), ("app notin (db, x)", true), ("missing notin (a)", true),
            ("app notin (web)", false), ("app", true), ("missing", false), ("!missing", true), ("!app", false), ("n>4", true), ("n>5", false),
            ("n<6", true),
            ("app>1", false), ("example.com/x=", true), ("example.com/x", true), ("in=1", false),
        ])
    func labels(selector: String, isMatch: Bool) throws {
        #expect(try LabelMatcher(parsing: selector).matches(Self.labels) == isMatch)
    }

    @Test(
        "a label selector that cannot be read is refused",
        arguments: ["app in web", "app in (web", ",", "a=b,", "a=b c=d", "n>x", "=x", "a b", "app in"])
    func refusesLabels(selector: String) {
        #expect(throws: SelectorError.self) { try LabelMatcher(parsing: selector) }
    }

    @Test("the object form of a label selector is read") func objectForm() throws {
        let matcher = try LabelMatcher(object: [
            "matchLabels": ["app": "web"],
            "matchExpressions": [["key": "tier", "operator": "In", "values": ["front", "back"]], ["key": "gone", "operator": "DoesNotExist"]],
        ])
        #expect(matcher.matches(Self.labels))
        #expect(!matcher.matches(["app": "web", "tier": "front", "gone": "1"]))
        #expect(throws: SelectorError.self) { try LabelMatcher(object: ["matchExpressions": [["key": "a", "operator": "Like"]]]) }
        #expect(throws: SelectorError.self) { try LabelMatcher(object: ["matchExpressions": [["key": "a", "operator": "In"]]]) }
    }

    @Test(
        "field selectors match fields",
        arguments: [
            ("metadata.name=a", true), ("metadata.name==a", true), ("metadata.name!=a", false), ("spec.nodeName=", true), ("spec.nodeName!=", false),
            ("metadata.name=a,status.phase!=Failed", true), ("metadata.name=a\\,b", false),
        ])
    func fields(selector: String, isMatch: Bool) throws {
        #expect(try FieldMatcher(parsing: selector).matches(object: ["metadata": ["name": "a"], "status": ["phase": "Running"]]) == isMatch)
    }

    @Test("a field selector that cannot be read is refused") func refusesFields() {
        #expect(throws: SelectorError.self) { try FieldMatcher(parsing: "metadata.name") }
        #expect(throws: SelectorError.self) { try FieldMatcher(parsing: "=x") }
    }
}
