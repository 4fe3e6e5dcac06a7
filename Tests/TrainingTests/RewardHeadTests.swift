import Training
import Transformer
import Testing

struct RewardHeadTests {
  /// Pairs that differ along one direction, under noise in the others.
  private func pairs(_ count: Int, lead: Float) -> [(better: [Float], worse: [Float])] {
    var random = CounterRandom(seed: 1, stream: "pairs")
    return (0..<count).map { _ in
      let shared = (0..<8).map { _ in random.normal() }
      let better = shared.enumerated().map { $1 + ($0 == 3 ? lead : 0) + 0.3 * random.normal() }
      return (better, shared.map { $0 + 0.3 * random.normal() })
    }
  }

  @Test func `a head finds the direction in which answers are better`() throws {
    let fit = try #require(RewardHead.fit(pairs(200, lead: 2).map { [$0] }))
    #expect(fit.accuracy > 0.95)
    #expect(try #require(fit.heldBackAccuracy) > 0.9)
    let steepest = fit.head.weights.indices.max { fit.head.weights[$0] < fit.head.weights[$1] }
    #expect(steepest == 3)
  }

  @Test
  func `where nothing tells them apart a head does no better than chance on what it has not seen`()
    throws
  {
    let fit = try #require(RewardHead.fit(pairs(400, lead: 0).map { [$0] }))
    #expect(abs(try #require(fit.heldBackAccuracy) - 0.5) < 0.2)
  }

  @Test func `a handful of pairs is refused`() {
    #expect(RewardHead.fit(pairs(4, lead: 1).map { [$0] }) == nil)
  }
}
