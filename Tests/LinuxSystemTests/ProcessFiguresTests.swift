import Testing

@testable import LinuxSystem

@Suite struct ProcessFiguresTests {
    @Test("a program's name with blanks and parentheses hides no field")
    func stat() throws {
        let text = "42 (a) (b c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 12345 1048576 256 18446744073709551615 1 1\n"
        let stat = try ProcessFigures.Stat(text)
        #expect(stat.userTicks == 250 && stat.systemTicks == 50 && stat.startTicks == 12345)
        #expect(stat.virtualBytes == 1_048_576 && stat.residentPages == 256)
    }

    @Test("a text that is cut or has no numbers is an error", arguments: ["", "1 (a) S 1", "1 (a) S x x x x x x x x x x x x x x x x x x x x x x"])
    func malformed(_ text: String) {
        #expect(throws: SystemError.self) { try ProcessFigures.Stat(text) }
        #expect(throws: SystemError.self) { try ProcessFigures.bootTime(text) }
    }

    @Test("the figures of this process are those of a process that runs")
    func own() throws {
        let figures = try ProcessFigures.read()
        #expect(figures.residentMemory > 1 << 20 && figures.virtualMemory >= figures.residentMemory)
        #expect(figures.openDescriptors >= 3 && UInt64(figures.openDescriptors) <= figures.descriptorLimit)
        #expect(figures.startTime > 1_000_000_000 && figures.processorTime >= 0)
    }
}
