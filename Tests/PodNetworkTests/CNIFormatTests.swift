import KubeModel
import PodCore
import Testing

@testable import PodNetwork

@Suite("CNI configurations and results")
struct CNIFormatTests {
    private func configuration(_ text: String) throws -> CNIConfiguration { try CNIConfiguration(try JSONParser.parse(text)) }

    @Test(
        "a list, or a single plugin, in every version",
        arguments: [
            (#"{"name":"n","plugins":[{"type":"a"},{"type":"b"}]}"#, "0.1.0", ["a", "b"]),
            (#"{"name":"n","cniVersion":"0.4.0","type":"a"}"#, "0.4.0", ["a"]),
            (#"{"name":"n","cniVersion":"1.0.0","cniVersions":["0.3.1","1.1.0","9.0.0"],"plugins":[{"type":"a"}]}"#, "1.1.0", ["a"]),
        ])
    func accepted(text: String, version: String, types: [String]) throws {
        let found = try configuration(text)
        #expect(found.version == version && found.plugins.map(\.type) == types && found.name == "n")
    }

    @Test(
        "what cannot be used is named",
        arguments: [
            ("{}", "no name"), (#"{"name":"n","plugins":[]}"#, "no plugins"), (#"{"name":"n","plugins":[{}]}"#, "type missing"), ("[]", "no name"),
            (#"{"name":"n","plugins":[{"type":"../sh"}]}"#, #"type "../sh""#), (#"{"name":"n","plugins":[{"type":".."}]}"#, #"type "..""#),
            (#"{"name":"n","cniVersion":"2.0.0","type":"a"}"#, "cniVersion 2.0.0"), (#"{"name":"n","plugins":"a"}"#, "no plugins"),
            (#"{"name":"n","plugins":[{"type":7}]}"#, "type 7"),
        ])
    func refused(text: String, found: String) throws {
        let failure = try #require(throws: NetworkFailure.self) { try configuration(text) }
        #expect(failure.message.contains("found ") && failure.message.contains(found))
    }

    @Test("a plugin gets its own fields, the network's, the result before it, and what it asks for")
    func request() throws {
        let list = try configuration(
            #"{"name":"n","cniVersion":"1.0.0","plugins":[{"type":"a","mtu":9},{"type":"b","capabilities":{"bandwidth":true,"portMappings":true}}]}"#)
        let bandwidth = PodBandwidth(ingress: 1000, egress: nil)
        let first = list.request(to: list.plugins[0], previous: nil, bandwidth: bandwidth)
        #expect(first == ["type": "a", "mtu": 9, "name": "n", "cniVersion": "1.0.0"])
        let second = list.request(to: list.plugins[1], previous: ["ips": []], bandwidth: bandwidth)
        #expect(second["prevResult"] == ["ips": []])
        #expect(second["runtimeConfig"] == ["bandwidth": ["ingressRate": 1000, "ingressBurst": 2_147_483_647]])
        #expect(list.request(to: list.plugins[1], previous: nil, bandwidth: PodBandwidth())["runtimeConfig"] == nil)
    }

    @Test(
        "the addresses of the pod's own interface, the first of each family",
        arguments: [
            (#"{"ips":[{"address":"10.1.0.5/24"}]}"#, ["10.1.0.5"]),
            (#"{"ips":[{"address":"fd00::5/64"},{"address":"10.1.0.5/24"},{"address":"10.1.0.6/24"}]}"#, ["10.1.0.5", "fd00::5"]),
            (
                #"{"interfaces":[{"name":"cni0"},{"name":"veth1"},{"name":"eth0","sandbox":"/n"}],"ips":[{"interface":0,"address":"10.1.0.1/24"},{"interface":2,"address":"10.1.0.5/24"}]}"#,
                ["10.1.0.5"]
            ), (#"{"ip4":{"ip":"10.1.0.5/24"},"ip6":{"ip":"fd00::5/64"}}"#, ["10.1.0.5", "fd00::5"]),
        ])
    func addresses(text: String, expected: [String]) throws {
        #expect(try CNIResult.addresses(try JSONParser.parse(text), interface: "eth0") == expected)
    }

    @Test(
        "a result without an address of the pod is a failure",
        arguments: [
            "{}", "[]", #"{"ips":[{"address":"ten/24"}]}"#,
            #"{"interfaces":[{"name":"eth0","sandbox":"/n"}],"ips":[{"interface":1,"address":"10.1.0.5/24"}]}"#,
            #"{"interfaces":[{"name":"eth0","sandbox":"/n"}],"ips":[{"interface":-1,"address":"10.1.0.5/24"}]}"#, #"{"ips":{}}"#,
        ])
    func withoutAddress(text: String) throws {
        #expect(throws: NetworkFailure.self) { try CNIResult.addresses(try JSONParser.parse(text), interface: "eth0") }
    }

    @Test("a failed plugin's own words are shown")
    func problems() {
        #expect(CNIResult.problem(Array(#"{"code":11,"msg":"no room","details":"10.1.0.0/24"}"#.utf8)) == "no room; 10.1.0.0/24")
        #expect(CNIResult.problem(Array("panic".utf8)) == nil)
    }
}
