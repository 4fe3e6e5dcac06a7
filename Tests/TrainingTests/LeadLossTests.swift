import Testing
import Training

struct LeadLossTests {
  struct Point {
    let kind: LeadLoss.Kind, smoothing: Float, lead: Float, loss: Float, slope: Float
  }

  // Computed from the definition in double precision, by another program.
  static let points = [
    Point(kind: .sigmoid, smoothing: 0, lead: 0.5, loss: 0.474077, slope: -0.377541),
    Point(kind: .sigmoid, smoothing: 0.1, lead: 0.5, loss: 0.524077, slope: -0.277541),
    Point(kind: .sigmoid, smoothing: 0.25, lead: -2, loss: 1.626928, slope: -0.630797),
    Point(kind: .sigmoid, smoothing: 0.1, lead: 3, loss: 0.348587, slope: 0.052574),
    Point(kind: .hinge, smoothing: 0, lead: 0.5, loss: 0.5, slope: -1),
    Point(kind: .hinge, smoothing: 0, lead: 1.5, loss: 0, slope: 0),
    Point(kind: .hinge, smoothing: 0.1, lead: 0.5, loss: 0.6, slope: -0.8),
    Point(kind: .hinge, smoothing: 0.1, lead: 2, loss: 0.3, slope: 0.1),
    Point(kind: .hinge, smoothing: 0.25, lead: -0.25, loss: 1.125, slope: -0.5),
  ]

  @Test(arguments: points)
  func `loss and slope are those of the definition`(point: Point) {
    let found = LeadLoss(point.kind, labelSmoothing: point.smoothing).judge(lead: point.lead)
    #expect(abs(found.loss - point.loss) < 2e-6)
    #expect(abs(found.slope - point.slope) < 2e-6)
  }

  @Test func `SimPO's slope is beta times that of the lead`() {
    let hinge = SimPO(beta: 2.5, gamma: 0.5, shape: LeadLoss(.hinge))
    let near = hinge.judge(chosen: -1, rejected: -1.5)
    #expect(near.loss == 0.25 && near.slope == -2.5)
    let far = hinge.judge(chosen: -1, rejected: -3)
    #expect(far.loss == 0 && far.slope == 0)
  }

  @Test func `DPO compares what a model and its reference make of whole answers`() {
    let dpo = DPO(beta: 0.1)
    let verdict = dpo.judge(
      chosen: dpo.reward(-20.5, reference: -22), rejected: dpo.reward(-31, reference: -30.5))
    #expect(abs(verdict.loss - 0.598139) < 2e-6)
    #expect(abs(verdict.slope + 0.0450166) < 2e-7)
  }
}
