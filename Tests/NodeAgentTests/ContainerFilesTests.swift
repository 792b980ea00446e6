import Testing

@testable import NodeAgent

@Suite("Container files")
struct ContainerFilesTests {
    @Test("the files of a container are known until its pod goes")
    func areKnownByContainerUntilThePodGoes() {
        let files = ContainerFiles()
        files.set(NodeBench.configuration(id: "c1"), podUID: "u1", sandboxID: "s1")
        files.set(NodeBench.configuration(id: "c2", name: "side"), podUID: "u1", sandboxID: "s1")
        files.set(NodeBench.configuration(id: "c3"), podUID: "u2", sandboxID: "s2")
        #expect(
            files["c1"]
                == ContainerFiles.Entry(
                    podUID: "u1", sandboxID: "s1", container: "main", logPath: "/logs/web/main/0.log", messageFile: "/messages/c1"))
        files.remove("c1")
        #expect(files["c1"] == nil)
        #expect(files["c2"]?.container == "side")
        files.remove(podUID: "u1")
        #expect(files["c2"] == nil)
        #expect(files["c3"] != nil)
    }
}
