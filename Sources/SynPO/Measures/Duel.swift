/// How often one model's answers win against another's to the same prompts.
public struct Duel: Codable, Equatable, Sendable {
  public enum Outcome: Sendable { case win, tie, loss }

  public var wins = 0
  public var ties = 0
  public var losses = 0
  /// The share of prompts that are won; ties are half.
  public var winRate = 0.5
  /// Between these lie 95 of 100 win rates of resampled prompts.
  public var low = 0.5
  public var high = 0.5

  /// - Parameter seed: decides the resampling.
  public init(_ outcomes: [Outcome], seed: UInt64) {
    wins = outcomes.count { $0 == .win }
    losses = outcomes.count { $0 == .loss }
    ties = outcomes.count - wins - losses
    let values = outcomes.map { $0 == .win ? 1 : $0 == .tie ? 0.5 : 0 }
    guard let rate = Bootstrap.mean(of: values, seed: seed, stream: "duel") else { return }
    (winRate, low, high) = (rate.value, rate.low, rate.high)
  }

  /// Prompts won less prompts lost, as a share of all: the gain in accuracy.
  public var advantage: Double { 2 * winRate - 1 }
}

/// How often a scorer ranks two answers as somebody does who knows.
public struct Agreement: Codable, Equatable, Sendable {
  public var pairs: Int
  /// Share of the pairs that are ranked rightly, equal scores counting half, with the bounds of 95 of
  /// 100 resamplings.
  public var share: Double
  public var low: Double
  public var high: Double
  /// The same share for taking the longer answer, and for taking the shorter one: a scorer has to
  /// be better than both.
  public var longer: Double
  public var shorter: Double

  /// - Parameter pairs: the better answer's score and length in characters before the worse one's.
  /// - Returns: nil for no pairs.
  public init?(
    _ pairs: [(scores: (better: Double, worse: Double), lengths: (better: Int, worse: Int))],
    seed: UInt64
  ) {
    let values = pairs.map { Self.credit($0.scores.better, $0.scores.worse) }
    let mean = Bootstrap.mean(of: values, seed: seed, stream: "agreement")
    guard let mean else { return nil }
    self.pairs = pairs.count
    (share, low, high) = (mean.value, mean.low, mean.high)
    longer =
      pairs.reduce(0) { $0 + Self.credit(Double($1.lengths.better), Double($1.lengths.worse)) }
      / Double(pairs.count)
    shorter = 1 - longer
  }

  private static func credit(_ better: Double, _ worse: Double) -> Double {
    better > worse ? 1 : better == worse ? 0.5 : 0
  }
}
