import KubeModel
import PodCore
import TestSupport
import Testing

@Suite("Devices that a pod claims")
struct DeviceClaimTests {
    private func pod(claims: String, status: String = "{}") throws -> Pod {
        var pod = try PodLife.pod(#"{"resourceClaims":\#(claims),"containers":[{"name":"c","image":"b"}]}"#)
        pod.status = try Wire.decode(PodStatus.self, status)
        return pod
    }

    @Test(
        "a claim is refused by the name of its object",
        arguments: [
            (#"[{"name":"gpu","resourceClaimName":"one"}]"#, "{}", "one"),
            (#"[{"name":"gpu","resourceClaimTemplateName":"t"}]"#, "{}", "of the template t"),
            (
                #"[{"name":"gpu","resourceClaimTemplateName":"t"}]"#, #"{"resourceClaimStatuses":[{"name":"gpu","resourceClaimName":"web-gpu-x"}]}"#,
                "web-gpu-x"
            ),
            ("[]", #"{"extendedResourceClaimStatus":{"resourceClaimName":"web-extended"}}"#, "web-extended"),
        ])
    func refused(claims: String, status: String, name: String) throws {
        let error = #expect(throws: PlanFailure.self) { try pod(claims: claims, status: status).checkDeviceClaims() }
        #expect(error?.message.contains("this node runs no DRA drivers, found the ResourceClaims: \(name);") == true)
    }

    @Test("a pod without claims, or whose claim needs no object, asks for no devices")
    func nothingAsked() throws {
        try pod(claims: "[]").checkDeviceClaims()
        let needless = try pod(
            claims: #"[{"name":"gpu","resourceClaimTemplateName":"t"}]"#, status: #"{"resourceClaimStatuses":[{"name":"gpu"}]}"#)
        try needless.checkDeviceClaims()
    }
}
