import KubeModel
import Testing
import Timing

@Suite struct SystemTimeTests {
    @Test("the machine's time goes on, and a sleep lasts at least as long as asked")
    func sleeps() async throws {
        let time = SystemTime()
        let start = time.now()
        try await time.sleep(for: .milliseconds(20))
        #expect(time.now() - start >= .milliseconds(20))
        #expect(time.wallTime() > Timestamp(seconds: 1_700_000_000))
    }
}
