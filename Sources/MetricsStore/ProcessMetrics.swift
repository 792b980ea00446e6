package import Exposition
package import LinuxSystem

/// The families `process_*` that every program with metrics has.
package enum ProcessMetrics {
    /// Returns the figures of this process; `nil` if they cannot be read.
    package static func read() async -> ProcessFigures? {
        try? await BlockingPool.shared.run("read the figures of this process") { try ProcessFigures.read() }
    }

    package static func write(_ figures: ProcessFigures, into writer: inout ExpositionWriter) {
        writer.family(.processCPU, value: figures.processorTime)
        writer.family(.processMaxDescriptors, value: Double(figures.descriptorLimit))
        writer.family(.processOpenDescriptors, value: Double(figures.openDescriptors))
        writer.family(.processResidentMemory, value: Double(figures.residentMemory))
        writer.family(.processStart, value: figures.startTime)
        writer.family(.processVirtualMemory, value: Double(figures.virtualMemory))
        writer.family(.processVirtualMemoryMax, value: Double(figures.virtualMemoryLimit))
    }
}
