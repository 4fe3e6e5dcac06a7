import Testing
import Training

struct LearningRateTests {
  @Test func `a warm-up is linear and a cosine ends at nothing`() {
    let rate = LearningRate(peak: 2, schedule: .cosine, warmupSteps: 4, totalSteps: 12)
    #expect(rate.rate(at: 0) == 0)
    #expect(rate.rate(at: 2) == 1)
    #expect(rate.rate(at: 4) == 2)
    #expect(abs(rate.rate(at: 8) - 1) < 1e-6)
    #expect(abs(rate.rate(at: 12)) < 1e-6)
  }

  @Test func `a linear way down is straight and a constant stays`() {
    let linear = LearningRate(peak: 1, schedule: .linear, warmupSteps: 0, totalSteps: 4)
    #expect((0...4).map { linear.rate(at: $0) } == [1, 0.75, 0.5, 0.25, 0])
    let constant = LearningRate(peak: 1, schedule: .constant, warmupSteps: 2, totalSteps: 4)
    #expect((0...4).map { constant.rate(at: $0) } == [0, 0.5, 1, 1, 1])
  }
}
