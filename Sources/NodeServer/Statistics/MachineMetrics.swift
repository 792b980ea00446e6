import Exposition
import PodCore

/// The machine's own families in `/metrics/cadvisor`.
enum MachineMetrics {
    static func write(_ facts: MachineFacts, to writer: inout ExpositionWriter) {
        let labels = MetricLabels([
            MetricLabel("boot_id", facts.bootID), MetricLabel("machine_id", facts.machineID), MetricLabel("system_uuid", facts.systemUUID),
        ])
        func write(_ name: String, _ help: String, _ value: Double?) {
            guard let value else { return }
            writer.family(name, help: help, kind: .gauge)
            writer.sample(name, labels, value: value)
        }
        write("machine_cpu_cores", "Number of logical CPU cores.", Double(facts.processors))
        write("machine_cpu_physical_cores", "Number of physical CPU cores.", facts.physicalCores.map { Double($0) })
        write("machine_cpu_sockets", "Number of CPU sockets.", facts.sockets.map { Double($0) })
        write("machine_memory_bytes", "Amount of memory installed on the machine.", Double(facts.memory))
        writer.family("machine_scrape_error", help: "1 if there was an error while getting machine metrics, 0 otherwise.", kind: .gauge)
        writer.sample("machine_scrape_error", value: 0)
        write("machine_swap_bytes", "Amount of swap memory available on the machine.", Double(facts.swap))
    }
}
