public import Tensor

/// Chooses a token from logits: temperature, then min-p, top-k and top-p.
///
/// The choice is a function of logits, settings and the number drawn; of equal logits greedy choice
/// takes the lowest token id.
public struct Sampler: Sendable {
  public let settings: SamplingSettings

  public init(_ settings: SamplingSettings) { self.settings = settings }

  /// Whether the choice depends on the text so far.
  public var looksBack: Bool { settings.repetitionPenalty != 1 }

  /// - Parameters:
  ///   - logits: [T, V], of which the row `row` is asked for; the penalty changes it in place.
  ///   - seen: the tokens of prompt and answer so far, for the repetition penalty.
  ///   - uniform: a random number in [0, 1).
  public func choose(_ logits: Matrix, row: Int, seen: [Int32], uniform: Float) -> Int32 {
    if looksBack { penalise(logits, row, seen) }
    guard settings.temperature > 0 else { return Rowwise.largest(in: logits, row: row) }
    let weights = TokenWeights(logits, row: row, temperature: settings.temperature)
    guard settings.topK > 0 || settings.topP < 1 || settings.minP > 0 else {
      return weights.draw(uniform)
    }
    return weights.draw(
      uniform, topK: settings.topK, topP: settings.topP, minP: settings.minP)
  }

  private func penalise(_ logits: Matrix, _ row: Int, _ seen: [Int32]) {
    for token in Set(seen) {
      let value = logits[row, Int(token)]
      logits[row, Int(token)] =
        value > 0 ? value / settings.repetitionPenalty : value * settings.repetitionPenalty
    }
  }
}
