import Testing

@Suite struct ServiceCaseTests {
    static let cases = ServiceCase.endpoints + ServiceCase.policies + ServiceCase.frontends

    @Test("packets go where the Service says", arguments: cases) func packets(_ test: ServiceCase) {
        #expect(test.failures() == [])
    }

    @Test("each case fails when its Services are missing, or when they are the plain ones", arguments: cases) func canFail(_ test: ServiceCase) {
        let usual = ServiceCase.slice([ServiceCase.h(2), ServiceCase.t(3)])
        #expect(!test.failures([], []).isEmpty || !test.failures([ServiceCase.web()], [usual]).isEmpty)
    }

    @Test("there are many cases, and no two have one title") func number() {
        #expect(Self.cases.count >= 120)
        #expect(Set(Self.cases.map(\.testDescription)).count == Self.cases.count)
    }
}
