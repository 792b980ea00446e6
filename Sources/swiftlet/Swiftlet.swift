import ArgumentParser
import Glibc
import ImageStore
import PodVolumes

@main
struct Swiftlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "A Kubernetes node agent: kubelet, container runtime, pod network and kube-proxy in one daemon.",
        version: Version.swiftlet,
        subcommands: [Run.self, Status.self, Pods.self, Logs.self, Exec.self, Images.self, Net.self, Proxy.self, Certs.self, OCI.self])

    static func main() async {
        // The image store starts this program to unpack one layer, and the volumes for calls that may hang: nothing else of the program may run then.
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == LayerUnpackProgram.subcommand { Glibc.exit(LayerUnpackProgram.run(Array(arguments.dropFirst()))) }
        if arguments.first == VolumeCallProgram.subcommand { Glibc.exit(VolumeCallProgram.run(Array(arguments.dropFirst()))) }
        await CommandExit.run(Swiftlet.self, arguments)
    }
}
