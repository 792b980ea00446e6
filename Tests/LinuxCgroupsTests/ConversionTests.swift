import LinuxCgroups
import Testing

@Suite struct ConversionTests {
    @Test(
        "requests become shares",
        arguments: [
            (Int64(-5), Int64(2)), (0, 2), (1, 2), (2, 2), (10, 10), (100, 102), (250, 256), (1000, 1024), (2500, 2560), (256_000, 262_144),
            (1_000_000, 262_144), (.max, 262_144),
        ]) func sharesOfRequests(milliCPU: Int64, shares: Int64)
    {
        #expect(CPUController.shares(milliCPU: milliCPU) == shares)
    }

    // The values of the formula as runc and crun compute it.
    @Test(
        "shares become weights",
        arguments: [
            (Int64(0), Int64(1)), (2, 1), (102, 17), (512, 59), (1024, 100), (2048, 174), (262_144, 10_000), (1 << 40, 10_000),
        ]) func weightsOfShares(shares: Int64, weight: Int64)
    {
        #expect(CPUController.weight(shares: shares) == weight)
    }

    /// The request read back is the least of its weight: it gives that weight again, and one millicore less does not.
    @Test("the request read back is the least that gives its weight")
    func requestsOfWeights() {
        #expect(CPUController.request(weight: 1) == 0)
        for weight in Int64(2)...10_000 {
            let request = CPUController.request(weight: weight)
            #expect(CPUController.weight(milliCPU: request) >= weight && CPUController.weight(milliCPU: request - 1) < weight, "\(weight)")
        }
    }

    @Test(
        "page sizes have the kernel's names",
        arguments: zip([64, 2048, 16_384, 524_288, 1_048_576, 16_777_216], ["64KB", "2MB", "16MB", "512MB", "1GB", "16GB"]))
    func namesOfPageSizes(kibibytes: Int64, name: String) {
        #expect(HugeTLBController.sizeName(bytes: kibibytes << 10) == name)
    }

    @Test("weights never fall")
    func weightsNeverFall() {
        var last: Int64 = 0
        for shares in stride(from: Int64(2), through: 262_144, by: 37) {
            let weight = CPUController.weight(shares: shares)
            #expect(weight >= last && (1...10_000).contains(weight))
            last = weight
        }
    }

    @Test(
        "limits become quotas",
        arguments: [
            (Int64(1), Int64(100_000), Int64(1000)), (10, 100_000, 1000), (100, 100_000, 10_000), (1500, 100_000, 150_000), (500, 10_000, 5000),
        ]) func quotasOfLimits(milliCPU: Int64, period: Int64, quota: Int64)
    {
        #expect(CPUController.quota(milliCPU: milliCPU, period: period) == quota)
    }
}
