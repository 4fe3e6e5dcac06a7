import Testing
import Training

struct SimPOTests {
  struct Point {
    let beta: Float, gamma: Float, lead: Float, loss: Float, slope: Float
  }

  // Computed from the definition with 50 digits.
  static let points = [
    Point(beta: 2, gamma: 1.6, lead: 0, loss: 1.783901, slope: -1.664037),
    Point(beta: 2, gamma: 1.6, lead: 0.8, loss: 0.693147, slope: -1),
    Point(beta: 2, gamma: 1.6, lead: 1.2, loss: 0.371101, slope: -0.620051),
    Point(beta: 2, gamma: 1.6, lead: -0.5, loss: 2.671645, slope: -1.861723),
    Point(beta: 10, gamma: 1.6, lead: 0.16, loss: 0.693147, slope: -5),
    Point(beta: 10, gamma: 1.6, lead: 0.5, loss: 0.032828, slope: -0.322955),
  ]

  @Test(arguments: points)
  func `loss and slope are those of the definition`(point: Point) {
    let verdict = SimPO(beta: point.beta, gamma: point.gamma)
      .judge(chosen: point.lead - 3, rejected: -3)
    #expect(abs(verdict.loss - point.loss) < 2e-6)
    #expect(abs(verdict.slope - point.slope) < 5e-6)
  }

  @Test func `a hopeless pair has a finite loss and the steepest slope`() {
    let verdict = SimPO(beta: 10, gamma: 1).judge(chosen: -500, rejected: 0)
    #expect(verdict.loss == 5001)
    #expect(verdict.slope == -10)
  }
}
