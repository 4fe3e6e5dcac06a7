import SynPO
import Testing

struct BootstrapTests {
  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  @Test func `the interval is as wide as theory says`() throws {
    // 100 of 400: the standard error is sqrt(0.25 · 0.75 / 400) = 0.02165, the interval ± 1.96 of it.
    let values = (0..<400).map { $0 % 4 == 0 ? 1.0 : 0 }
    let found = try #require(Bootstrap.estimate(of: values, seed: 3, stream: "width", mean))
    #expect(found.value == 0.25)
    #expect(abs(found.low - (0.25 - 0.0424)) < 0.006)
    #expect(abs(found.high - (0.25 + 0.0424)) < 0.006)
  }

  @Test func `the same seed and stream give the same interval, others another`() {
    let values = (0..<50).map { Double(($0 * 7919) % 101) }
    let one = Bootstrap.estimate(of: values, seed: 1, stream: "a", mean)
    #expect(one == Bootstrap.estimate(of: values, seed: 1, stream: "a", mean))
    #expect(one != Bootstrap.estimate(of: values, seed: 2, stream: "a", mean))
    #expect(one != Bootstrap.estimate(of: values, seed: 1, stream: "b", mean))
  }

  @Test func `nothing gives no estimate, a single value no width`() {
    #expect(Bootstrap.estimate(of: [], seed: 1, stream: "n", mean) == nil)
    #expect(
      Bootstrap.estimate(of: [4], seed: 1, stream: "n", mean)
        == Estimate(value: 4, low: 4, high: 4))
  }
}
