import ServiceCases
import Testing

@Suite struct ServiceCaseTests {
    @Test("packets go where the Service says", arguments: ServiceCase.all) func packets(_ test: ServiceCase) {
        #expect(test.failures() == [])
    }

    @Test("each case fails when its Services are missing, or when they are the plain ones", arguments: ServiceCase.all) func canFail(
        _ test: ServiceCase
    ) {
        let usual = ServiceCase.slice([ServiceCase.h(2), ServiceCase.t(3)])
        #expect(!test.failures([], []).isEmpty || !test.failures([ServiceCase.web()], [usual]).isEmpty)
    }

    @Test("there are many cases, and no two have one title") func number() {
        #expect(ServiceCase.all.count >= 120)
        #expect(Set(ServiceCase.all.map(\.description)).count == ServiceCase.all.count)
    }
}
