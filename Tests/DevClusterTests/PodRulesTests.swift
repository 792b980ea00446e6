import KubeModel
import Testing

@testable import DevCluster

@Suite("Rules of pods")
struct PodRulesTests {
    @Test("a new pod gets the API server's defaults") func defaults() async throws {
        let store = try await Fixtures.store()
        let pod = try await Fixtures.create(
            .pods,
            [
                "metadata": ["generateName": "x-"],
                "spec": [
                    "containers": [
                        [
                            "name": "c", "image": "r:5000/x", "ports": [["containerPort": 80]], "readinessProbe": ["httpGet": ["port": 80]],
                            "resources": ["limits": ["cpu": "0.5", "memory": "1.5Gi"]],
                            "env": [["name": "N", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]],
                        ]
                    ],
                    "volumes": [["name": "a"], ["name": "b", "configMap": ["name": "x"]], ["name": "c", "hostPath": ["path": "/x"]]],
                ],
            ], store)
        #expect(pod.name.hasPrefix("x-") && pod.name.count == 7)
        #expect(pod["metadata", "generation"] == 1)
        #expect(pod["status"] == ["phase": "Pending", "qosClass": "Guaranteed"])
        let spec = try #require(pod["spec"])
        let wanted: JSONValue = [
            "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "securityContext": [:],
            "terminationGracePeriodSeconds": 30, "enableServiceLinks": true, "serviceAccountName": "default", "serviceAccount": "default",
            "priority": 0,
            "preemptionPolicy": "PreemptLowerPriority",
        ]
        for (key, value) in wanted.object ?? [:] { #expect(spec[key] == value, "\(key)") }
        #expect(spec.list("tolerations").map { $0["tolerationSeconds"] } == [300, 300])
        let container = try #require(spec.list("containers").first)
        #expect(container["imagePullPolicy"] == "Always")
        #expect(container["terminationMessagePath"] == "/dev/termination-log")
        #expect(container["resources"] == ["limits": ["cpu": "500m", "memory": "1536Mi"], "requests": ["cpu": "500m", "memory": "1536Mi"]])
        #expect(container["ports"] == [["containerPort": 80, "protocol": "TCP"]])
        #expect(
            container["readinessProbe"] == [
                "httpGet": ["path": "/", "port": 80, "scheme": "HTTP"], "failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1,
                "timeoutSeconds": 1,
            ])
        #expect(container.list("env").first?["valueFrom", "fieldRef", "apiVersion"] == "v1")
        let volumes = spec.list("volumes")
        #expect(volumes[0]["emptyDir"] == [:])
        #expect(volumes[1]["configMap", "defaultMode"] == 420)
        #expect(volumes[2]["hostPath", "type"] == "")
        #expect(volumes[3]["projected"]?.list("sources").first == ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]])
        #expect(
            container.list("volumeMounts") == [
                ["name": volumes[3]["name"] ?? "", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"]
            ])
    }

    @Test(
        "the pull policy follows the image's tag",
        arguments: [
            ("r:5000/x", "Always"), ("r:5000/x:latest", "Always"), ("x:1", "IfNotPresent"), ("r:5000/x:1", "IfNotPresent"),
            ("x@sha256:ab", "IfNotPresent"),
            ("r/x:1@sha256:ab", "IfNotPresent"),
        ])
    func pullPolicy(image: String, policy: String) {
        var container: JSONValue = ["image": .string(image)]
        PodDefaults.container(&container)
        #expect(container.text("imagePullPolicy") == policy)
    }

    @Test(
        "quantities are written back canonically",
        arguments: [
            ("0.5", "500m"), ("1000", "1k"), ("1000m", "1"), ("1.5Gi", "1536Mi"), ("128974848", "128974848"), ("2", "2"), ("0", "0"),
            ("100m", "100m"),
            ("1000000", "1M"), ("1024Ki", "1Mi"), ("2e3", "2e3"),
        ])
    func canonicalQuantities(text: String, wanted: String) { #expect(QuantityText.canonical(.string(text)) == .string(wanted)) }

    @Test("a pod that wants no token gets none") func noTokenWhenNotWanted() async throws {
        let store = try await Fixtures.store()
        var wanted = Fixtures.pod()
        wanted["spec", "automountServiceAccountToken"] = false
        #expect(try await Fixtures.create(.pods, wanted, store)["spec"]?.list("volumes").isEmpty == true)
    }

    @Test(
        "a pod that breaks a rule is refused with the field's name",
        arguments: [
            ("{}", "spec.containers"),
            (#"{"containers":[{"name":"C","image":"x"}]}"#, "spec.containers[0].name"),
            (#"{"containers":[{"name":"c"}]}"#, "spec.containers[0].image"),
            (#"{"containers":[{"name":"c","image":"x","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}"#, "spec.containers[0].volumeMounts[0].name"),
            (#"{"containers":[{"name":"c","image":"x"},{"name":"c","image":"x"}]}"#, "spec.containers[1].name"),
            (#"{"restartPolicy":"Sometimes","containers":[{"name":"c","image":"x"}]}"#, "spec.restartPolicy"),
            (
                #"{"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}}]}"#,
                "spec.containers[0].resources.requests"
            ),
            (#"{"containers":[{"name":"c","image":"x","ports":[{"containerPort":70000}]}]}"#, "spec.containers[0].ports[0].containerPort"),
            (#"{"volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/"}}],"containers":[{"name":"c","image":"x"}]}"#, "spec.volumes[0]"),
        ])
    func refuses(spec: String, field: String) async throws {
        let store = try await Fixtures.store()
        let pod: JSONValue = ["metadata": ["name": "p"], "spec": try JSONParser.parse(spec)]
        let error = await #expect(throws: APIError.self) { try await Fixtures.create(.pods, pod, store) }
        #expect(error?.code == 422)
        #expect(error?.details?.list("causes").contains { $0.text("field") == field } == true, "\(error?.message ?? "")")
    }

    @Test("a deleted pod stays until its node confirms") func gracefulDeletion() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.pods, Fixtures.pod(), store)
        let watch = try await store.watch(.pods, ObjectFilter(), from: .now)
        let first = try await Fixtures.delete(.pods, "p", store).object
        #expect(first["metadata", "deletionTimestamp"] == .string(Fixtures.time.advanced(bySeconds: 5).rfc3339()))
        #expect(first["metadata", "deletionGracePeriodSeconds"] == 5)
        #expect(first["metadata", "generation"] == 2)
        // Longer is ignored, shorter counts.
        #expect(try await Fixtures.delete(.pods, "p", grace: 60, store).object.metadata == first.metadata)
        let shorter = try await Fixtures.delete(.pods, "p", grace: 2, store).object
        #expect(shorter["metadata", "deletionTimestamp"] == .string(Fixtures.time.advanced(bySeconds: 2).rfc3339()))
        #expect(shorter["metadata", "generation"] == 2)
        guard case .removed = try await Fixtures.delete(.pods, "p", grace: 0, store) else {
            Issue.record("not removed by grace 0")
            return
        }
        #expect(await Fixtures.drain(watch) == ["MODIFIED p", "MODIFIED p", "MODIFIED p", "DELETED p"])
    }

    @Test("a pod without a node is deleted at once") func deletionWithNothingToWaitFor() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.pods, Fixtures.pod("unscheduled", node: nil), store)
        _ = try await Fixtures.create(.pods, Fixtures.pod("ended"), store)
        _ = try await Fixtures.update(.pods, "ended", subresource: "status", store) { $0["status", "phase"] = "Succeeded" }
        for name in ["unscheduled", "ended"] { _ = try await Fixtures.delete(.pods, name, store) }
        #expect(await store.list(.pods).isEmpty)
    }

    @Test("a status update changes the status only") func statusUpdatesChangeStatusOnly() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.pods, Fixtures.pod(), store)
        let pod = try await Fixtures.update(.pods, "p", subresource: "status", store) {
            $0["metadata", "labels"] = ["x": "y"]
            $0["spec", "nodeName"] = "other"
            $0["status"] = ["phase": "Running"]
        }
        #expect(pod["status"] == ["phase": "Running", "qosClass": "BestEffort"])
        #expect(pod.labels.isEmpty && pod.text("spec", "nodeName") == "n1")
        #expect(pod["metadata", "generation"] == 1)
    }

    @Test("only some fields of a pod's spec may change") func onlySomeFieldsOfTheSpecMayChange() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.pods, Fixtures.pod(), store)
        let changed = try await Fixtures.update(.pods, "p", store) { pod in
            pod.edit("spec") { spec in
                spec.editEach("containers") { $0["image"] = "r/x:2" }
                spec["activeDeadlineSeconds"] = 60
                spec.append(["key": "extra", "operator": "Exists"], to: "tolerations")
            }
        }
        #expect(changed["metadata", "generation"] == 2)
        let labelled = try await Fixtures.update(.pods, "p", store) { $0["metadata", "labels", "a"] = "b" }
        #expect(labelled["metadata", "generation"] == 2)
        let refused: [(String, JSONValue)] = [
            ("nodeName", "n2"), ("restartPolicy", "Never"), ("activeDeadlineSeconds", 61), ("tolerations", []), ("hostNetwork", true),
        ]
        for (field, value) in refused {
            let error = await #expect(throws: APIError.self) { try await Fixtures.update(.pods, "p", store) { $0["spec", field] = value } }
            #expect(error?.code == 422, "\(field)")
        }
    }

    @Test("ephemeral containers and resize change through their own subresources") func subresourcesOfTheirOwn() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.pods, Fixtures.pod(cpu: "100m"), store)
        let debugged = try await Fixtures.update(.pods, "p", subresource: "ephemeralcontainers", store) {
            $0["spec"]?.append(["name": "dbg", "image": "x:1"], to: "ephemeralContainers")
        }
        #expect(debugged["metadata", "generation"] == 2)
        #expect(debugged["spec"]?.list("ephemeralContainers").first?.text("terminationMessagePolicy") == "File")
        let resized = try await Fixtures.update(.pods, "p", subresource: "resize", store) {
            $0["spec"]?.editEach("containers") { $0["resources", "requests", "cpu"] = "150m" }
        }
        #expect(resized["metadata", "generation"] == 3)
        let error = await #expect(throws: APIError.self) {
            try await Fixtures.update(.pods, "p", subresource: "resize", store) { $0["spec", "nodeName"] = "n2" }
        }
        #expect(error?.code == 422)
    }

    @Test("a node creates mirror pods of its own only") func nodesMakeMirrorPodsOnly() async throws {
        let store = try await Fixtures.store()
        let node = Identity(user: "system:node:n1", groups: ["system:nodes", "system:authenticated"])
        let error = await #expect(throws: APIError.self) { try await Fixtures.create(.pods, Fixtures.pod(), store, by: node) }
        #expect(error?.code == 403)
        var mirror = Fixtures.pod("m")
        mirror["metadata", "annotations"] = [PodAdmission.mirrorAnnotation: "x"]
        #expect(try await Fixtures.create(.pods, mirror, store, by: node)["spec", "serviceAccountName"] == nil)
    }
}
