internal import Foundation
public import SynPO

/// A sign that self-training goes wrong.
public struct Alarm: Codable, Equatable, Sendable {
  public enum Kind: String, Codable, Sendable {
    /// More than half of the answers go in circles.
    case repetition
    /// Two iterations in a row that are no better than the best before them.
    case stagnation
    /// What is measured beside the scorer has become worse.
    case generalFall = "general_fall"
    /// Answers have become much longer than at first and than the gold ones.
    case length
  }

  public var kind: Kind
  public var iteration: Int
  /// For a person: what was measured, and against what.
  public var words: String
}

extension Alarm {
  /// Gold answers may become less likely by this share before it counts as a fall.
  static let toleratedLoss = 0.05
  static let toleratedGrowth = 1.5

  /// - Parameter validations: by iteration, the initial model's first.
  public static func all(in validations: [Validation]) -> [Alarm] {
    guard let first = validations.first else { return [] }
    return validations.flatMap { repetition($0) }
      + validations.dropFirst().flatMap { generalFall($0, since: first) + growth($0, since: first) }
      + stagnation(validations)
  }

  private static func repetition(_ validation: Validation) -> [Alarm] {
    guard validation.repetitive > 0.5 else { return [] }
    return [
      Alarm(
        kind: .repetition, iteration: validation.iteration,
        words: "\(percent(validation.repetitive)) of the answers repeat themselves")
    ]
  }

  private static func stagnation(_ validations: [Validation]) -> [Alarm] {
    validations.indices.dropFirst(2).compactMap { place in
      let best = validations[..<(place - 1)].map(\.measure).max() ?? 0
      guard validations[place - 1].measure <= best, validations[place].measure <= best else {
        return nil
      }
      return Alarm(
        kind: .stagnation, iteration: validations[place].iteration,
        words: "this iteration and the one before are no better than the best before them")
    }
  }

  private static func generalFall(_ now: Validation, since first: Validation) -> [Alarm] {
    var found: [String] = []
    if let accuracy = now.accuracy, let before = first.accuracy, accuracy < before {
      found.append("right answers fell from \(percent(before)) to \(percent(accuracy))")
    }
    if first.goldLoss > 0, now.goldLoss > first.goldLoss * (1 + toleratedLoss) {
      found.append(
        "the loss of gold answers rose from \(fixed(first.goldLoss, 3)) to \(fixed(now.goldLoss, 3))"
      )
    }
    return found.map { Alarm(kind: .generalFall, iteration: now.iteration, words: $0) }
  }

  private static func growth(_ now: Validation, since first: Validation) -> [Alarm] {
    let isLong = now.meanLength > toleratedGrowth * max(first.meanLength, now.meanGoldLength)
    guard isLong else { return [] }
    let words =
      "answers have \(fixed(now.meanLength, 0)) characters; \(fixed(first.meanLength, 0)) at first, "
      + "gold ones \(fixed(now.meanGoldLength, 0))"
    return [Alarm(kind: .length, iteration: now.iteration, words: words)]
  }
}
