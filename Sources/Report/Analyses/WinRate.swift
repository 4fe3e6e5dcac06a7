internal import Foundation
public import SynPO

/// One prompt with two answers to it, and what a judge said.
public struct Encounter: Codable, Equatable, Sendable {
  /// 1 where the answer is the better one, 0 where the rival's is, one half for a tie.
  public var outcome: Double
  /// In characters.
  public var length: Int
  public var rivalLength: Int

  public init(outcome: Double, length: Int, rivalLength: Int) {
    (self.outcome, self.length, self.rivalLength) = (outcome, length, rivalLength)
  }

  /// The higher score wins; equal scores are a tie.
  public init(scores: (own: Double, rival: Double), answer: String, rival: String) {
    let outcome = scores.own > scores.rival ? 1 : scores.own == scores.rival ? 0.5 : 0
    self.init(outcome: outcome, length: answer.count, rivalLength: rival.count)
  }
}

/// How often a model wins against another, raw and with the influence of length taken out.
public struct WinRate: Codable, Equatable, Sendable {
  public var encounters: Int
  public var ties: Int
  /// Mean outcome.
  public var raw: Estimate
  /// What the outcome would be at equal lengths; see ``LengthControl``.
  public var lengthControlled: Estimate
  /// How often the longer answer won, of those encounters that had a longer answer and a winner.
  public var longerWins: Double?

  /// - Parameter stream: with `seed` it decides the intervals' resampling.
  public init?(_ encounters: [Encounter], seed: UInt64, stream: String) {
    guard
      let raw = Bootstrap.estimate(of: encounters, seed: seed, stream: stream, Self.mean),
      let controlled = Bootstrap.estimate(
        of: encounters, seed: seed, stream: stream, { LengthControl($0).winRate })
    else { return nil }
    self.encounters = encounters.count
    self.raw = raw
    ties = encounters.count { $0.outcome == 0.5 }
    lengthControlled = controlled
    let decided = encounters.filter { $0.outcome != 0.5 && $0.length != $0.rivalLength }
    let longer = decided.count { ($0.outcome == 1) == ($0.length > $0.rivalLength) }
    longerWins = decided.isEmpty ? nil : Double(longer) / Double(decided.count)
  }

  private static func mean(_ encounters: [Encounter]) -> Double {
    encounters.reduce(0) { $0 + $1.outcome } / Double(max(encounters.count, 1))
  }
}

/// The length-controlled win rate in AlpacaEval 2's form `length_controlled_minimal`:
///
///     logit P(win) = a · tanh(d / sd(d)) + c,    d = rival's length − own length in characters
///
/// The rate at equal lengths is σ(c). Ties count half. A small ridge on both numbers keeps them finite
/// where all encounters end alike. Where all differences in length are the same, nothing can be told apart
/// and the rate is the raw one.
struct LengthControl {
  private(set) var slope = 0.0
  private(set) var constant = 0.0
  let winRate: Double

  static let ridge = 1e-3

  init(_ encounters: [Encounter]) {
    let differences = encounters.map { Double($0.rivalLength - $0.length) }
    let count = Double(max(encounters.count, 1))
    let mean = differences.reduce(0, +) / count
    let deviation = (differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    guard deviation > 0 else {
      winRate = encounters.reduce(0) { $0 + $1.outcome } / count
      return
    }
    let points = zip(differences, encounters).map { (x: tanh($0 / deviation), y: $1.outcome) }
    var (slope, constant) = (0.0, 0.0)
    for _ in 0..<25 {
      let step = Self.newtonStep(slope, constant, points)
      // A cap on the step: far from its optimum the likelihood is nearly flat.
      slope += min(max(step.slope, -2), 2)
      constant += min(max(step.constant, -2), 2)
      if abs(step.slope) + abs(step.constant) < 1e-9 { break }
    }
    (self.slope, self.constant) = (slope, constant)
    winRate = Self.sigmoid(constant)
  }

  /// H⁻¹g of the penalised log-likelihood Σ y ln p + (1 − y) ln(1 − p) − ridge/2 (a² + c²).
  private static func newtonStep(
    _ slope: Double, _ constant: Double, _ points: [(x: Double, y: Double)]
  ) -> (slope: Double, constant: Double) {
    var gradient = (slope: -ridge * slope, constant: -ridge * constant)
    var hessian = (xx: ridge, x: 0.0, one: ridge)
    for (x, y) in points {
      let p = sigmoid(slope * x + constant)
      gradient.slope += (y - p) * x
      gradient.constant += y - p
      let weight = p * (1 - p)
      hessian.xx += weight * x * x
      hessian.x += weight * x
      hessian.one += weight
    }
    let determinant = hessian.xx * hessian.one - hessian.x * hessian.x
    return (
      (hessian.one * gradient.slope - hessian.x * gradient.constant) / determinant,
      (hessian.xx * gradient.constant - hessian.x * gradient.slope) / determinant
    )
  }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
