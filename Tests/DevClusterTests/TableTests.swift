import KubeModel
import Testing

@testable import DevCluster

@Suite("Tables")
struct TableTests {
    @Test(
        "ages have fewer units the older they are",
        arguments: [
            (0, "0s"), (119, "119s"), (120, "2m"), (150, "2m30s"), (600, "10m"), (10_800, "3h"), (11_100, "3h5m"), (32_400, "9h"), (180_000, "2d2h"),
            (864_000, "10d"), (-5, "<invalid>"),
        ] as [(Int64, String)])
    func ages(seconds: Int64, text: String) { #expect(Age.text(seconds: seconds) == text) }

    @Test(
        "a pod's columns summarise its containers",
        arguments: [
            (#"{"status":{"phase":"Pending"}}"#, "0/1 Pending 0"),
            (#"{"status":{"phase":"Running","containerStatuses":[{"ready":true,"restartCount":2,"state":{"running":{}}}]}}"#, "1/1 Running 2"),
            (#"{"status":{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}}"#, "0/1 ImagePullBackOff 0"),
            (#"{"status":{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3,"reason":"Error"}}}]}}"#, "0/1 Error 0"),
            (
                #"{"status":{"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}}"#,
                "0/1 Completed 0"
            ),
            (#"{"status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]}}"#, "0/1 Init:0/0 0"),
            (#"{"metadata":{"deletionTimestamp":"x"},"status":{"phase":"Running"}}"#, "0/1 Terminating 0"),
            (#"{"status":{"phase":"Failed","reason":"Evicted"}}"#, "0/1 Evicted 0"),
        ])
    func podSummaries(source: String, text: String) throws {
        var pod = try JSONParser.parse(source)
        pod["spec", "containers"] = [["name": "c"]]
        let summary = PodSummary(pod)
        #expect("\(summary.ready)/\(summary.total) \(summary.reason) \(summary.restarts)" == text)
    }

    @Test("every resource has a row per object") func everyResourceHasARowPerObject() {
        for type in ResourceType.all {
            let table = TableBuilder(type: type, include: "None", now: Fixtures.time).table([["metadata": ["name": "x"]]], metadata: [:])
            let cells = table.list("rows").first?.list("cells")
            #expect(cells?.count == table.list("columnDefinitions").count, "\(type.plural)")
        }
    }

    @Test(
        "the Accept header chooses the form of the answer",
        arguments: [
            ("application/json", Negotiation.object), ("", .object), ("*/*", .object), ("application/vnd.kubernetes.protobuf", .object),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", .table),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                .partial
            ),
        ])
    func negotiation(accept: String, form: Negotiation) { #expect(Negotiation(accept: accept) == form) }
}
