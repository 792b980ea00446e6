import LinuxSystem
import Logging
import Nftables
import Synchronization
import TestSupport
import Testing

@testable import PodNetwork

@Suite("Filters of other programs", .timeLimit(.minutes(1))) struct ForwardWatchTests {
    private final class Filters: ForwardFilters {
        let chains = Locked<[ForwardChain]>([])
        let looks = Counter()
        private let changes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

        func droppingChains(exceptNaming interface: String) async throws -> [ForwardChain] {
            defer { looks.next() }
            return chains.value
        }

        func chainChanges() async throws -> AsyncStream<Void> { changes.stream }

        func change(_ now: [ForwardChain]) {
            chains.set(now)
            changes.continuation.yield()
        }
    }

    private let docker = ForwardChain(family: "ip", table: "filter", name: "FORWARD")
    private let firewalld = ForwardChain(family: "inet", table: "firewalld", name: "filter_FORWARD")

    @Test("each chain is reported once, and again when it has been away; looks are ten seconds apart") func reports() async throws {
        let (filters, time, reports) = (Filters(), ManualTime(), Journal<String>())
        filters.change([docker])
        let watch = ForwardWatch(filters, bridge: "swl0", time: time, logger: .silent) { reports.note($0) }
        try await whileRunning({ await watch.run() }) {
            await reports.wait(count: 1)
            #expect(reports.entries[0].contains("ip filter FORWARD") && reports.entries[0].contains("iifname swl0 accept"))
            for (second, chains) in [(10, [docker, firewalld]), (20, [firewalld]), (30, [docker, firewalld])] {
                filters.change(chains)
                await time.waitForSleeper(until: .seconds(second))
                time.advance(by: .seconds(10))
                try await eventually("a look") { filters.looks.count >= second / 10 + 1 }
            }
            await reports.wait(count: 3)
        }
        #expect(reports.entries.map { $0.contains("firewalld") } == [false, true, false])
    }
}
