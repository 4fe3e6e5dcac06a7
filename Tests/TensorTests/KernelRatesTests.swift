import Tensor
import Testing

struct KernelRatesTests {
  @Test func `every kernel has a rate, and products do not outrun the CPU`() {
    let rates = KernelRates(on: twoThreads, rounds: 2)
    #expect(rates.threads == 2 && rates.path == .selected)
    #expect(rates.rates.count > 10)
    for rate in rates.rates { #expect(rate.value > 0 && rate.share.isFinite) }
    #expect(min(rates.dotPeak, rates.floatPeak, rates.bandwidth) > 0)
  }
}
