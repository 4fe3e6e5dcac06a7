import SynPO
import Testing

struct DuelTests {
  @Test func `ties count half, and the interval holds the win rate`() {
    let outcomes =
      Array(repeating: Duel.Outcome.win, count: 50) + Array(repeating: .tie, count: 40)
      + Array(repeating: .loss, count: 10)
    let duel = Duel(outcomes, seed: 1)
    #expect(duel.wins == 50 && duel.ties == 40 && duel.losses == 10)
    #expect(duel.winRate == 0.7)
    #expect(abs(duel.advantage - 0.4) < 1e-12)
    // The standard error is √(0.11/100) = 0.033: 1.96 of them on either side.
    #expect(abs(duel.low - 0.635) < 0.015 && abs(duel.high - 0.765) < 0.015)
    #expect(Duel(outcomes, seed: 1) == duel)
  }

  @Test func `where every prompt is a tie there is nothing to doubt`() {
    let duel = Duel([.tie, .tie, .tie], seed: 1)
    #expect(duel.winRate == 0.5 && duel.low == 0.5 && duel.high == 0.5)
  }

  @Test func `agreement is told beside what length alone would say`() throws {
    let agreement = try #require(
      Agreement(
        [
          (scores: (better: 2, worse: 1), lengths: (better: 3, worse: 9)),
          (scores: (better: 0, worse: 0), lengths: (better: 9, worse: 3)),
          (scores: (better: 5, worse: -5), lengths: (better: 1, worse: 2)),
          (scores: (better: 1, worse: 4), lengths: (better: 4, worse: 5)),
        ], seed: 3))
    #expect(agreement.pairs == 4)
    #expect(agreement.share == 0.625)
    #expect(agreement.longer == 0.25 && agreement.shorter == 0.75)
    #expect(agreement.low < 0.625 && agreement.high > 0.625)
    #expect(Agreement([], seed: 3) == nil)
  }
}
