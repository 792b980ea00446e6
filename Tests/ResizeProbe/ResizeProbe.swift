import Glibc
import LinuxSystem

/// Starts a pod on cgroups of its own and resizes it, one change for each line of stdin, and prints what the kernel has after each.
///
///     ResizeProbe --programs DIR --busybox FILE --cgroup-root DIR <<end
///     pod cpuRequest=100 memoryLimit=67108864
///     container cpuRequest=100 memoryLimit=67108864
///     start 24
///     pod cpuRequest=200 memoryLimit=134217728
///     end
///
/// Lines before `start MEBIBYTES` say how the pod begins; its program holds so much memory. A resource that a line does not name is without
/// limit afterwards.
@main
enum ResizeProbe {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            let line = Array("ResizeProbe: \(error)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        var options = ["--programs": "", "--busybox": "", "--cgroup-root": ""]
        guard arguments.count == options.count * 2 else { throw Problem(description: "wanted --programs, --busybox and --cgroup-root with values") }
        for index in stride(from: 0, to: arguments.count, by: 2) {
            guard options.updateValue(arguments[index + 1], forKey: arguments[index]) == "" else {
                throw Problem(description: "unknown option \(arguments[index])")
            }
        }
        let pod = try ProbedPod(programs: options["--programs"]!, busybox: options["--busybox"]!, cgroupRoot: options["--cgroup-root"]!)
        let result: Result<Void, any Error>
        do {
            result = .success(try await change(pod))
        } catch {
            result = .failure(error)
        }
        try await pod.close()
        try result.get()
    }

    private static func change(_ pod: ProbedPod) async throws {
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            guard let what = words.first else { continue }
            let values = words.dropFirst()
            switch what {
            case "start":
                guard values.count == 1, let mebibytes = values.first.flatMap({ Int($0) }) else {
                    throw Problem(description: "start wants mebibytes")
                }
                try await pod.start(holding: mebibytes)
            case "pod": try await pod.setPod(ProbedPod.resources(values))
            case "container": try await pod.setContainer(ProbedPod.resources(values))
            default: throw Problem(description: "no such change: \(line)")
            }
            if let report = try await pod.report() { print(report) }
        }
    }
}
