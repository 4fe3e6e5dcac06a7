internal import Foundation

/// Chooses a token from logits: temperature, then top-k, top-p and min-p.
///
/// The choice is a function of logits, settings and the number drawn; equal logits go by token id.
public struct Sampler: Sendable {
  public let settings: SamplingSettings

  public init(_ settings: SamplingSettings) { self.settings = settings }

  /// - Parameters:
  ///   - logits: one for each token of the vocabulary.
  ///   - seen: the tokens of prompt and answer so far, for the repetition penalty.
  ///   - uniform: a random number in [0, 1).
  public func choose(_ logits: [Float], seen: [Int32], uniform: Float) -> Int32 {
    var logits = logits
    penalise(&logits, seen)
    guard settings.temperature > 0 else { return likeliest(logits) }
    let weights = weights(of: logits)
    guard settings.topK > 0 || settings.topP < 1 || settings.minP > 0 else {
      return draw(weights, tokens: nil, uniform)
    }
    let candidates = candidates(weights)
    return draw(candidates.map { weights[Int($0)] }, tokens: candidates, uniform)
  }

  private func penalise(_ logits: inout [Float], _ seen: [Int32]) {
    guard settings.repetitionPenalty != 1 else { return }
    for token in Set(seen) {
      let value = logits[Int(token)]
      logits[Int(token)] =
        value > 0 ? value / settings.repetitionPenalty : value * settings.repetitionPenalty
    }
  }

  private func likeliest(_ logits: [Float]) -> Int32 {
    var best = 0
    for index in logits.indices where logits[index] > logits[best] { best = index }
    return Int32(best)
  }

  /// exp((logit − largest) / temperature), so that the likeliest has weight 1.
  private func weights(of logits: [Float]) -> [Float] {
    let largest = logits.max() ?? 0
    let inverse = 1 / settings.temperature
    return logits.map { exp(($0 - largest) * inverse) }
  }

  /// The tokens that pass top-k, top-p and min-p, likeliest first.
  private func candidates(_ weights: [Float]) -> [Int32] {
    var tokens = weights.indices.filter { weights[$0] >= max(settings.minP, 1e-9) }
    tokens.sort { (weights[$0], $1) > (weights[$1], $0) }
    if settings.topK > 0 { tokens = Array(tokens.prefix(settings.topK)) }
    if settings.topP < 1 {
      let total = tokens.reduce(0) { $0 + Double(weights[$1]) }
      var sum = 0.0
      let enough = tokens.firstIndex { token in
        sum += Double(weights[token])
        return sum >= Double(settings.topP) * total
      }
      if let enough { tokens = Array(tokens[...enough]) }
    }
    return tokens.map { Int32($0) }
  }

  /// The token at which the running sum of weights passes `uniform` of the total.
  private func draw(_ weights: [Float], tokens: [Int32]?, _ uniform: Float) -> Int32 {
    let total = weights.reduce(0) { $0 + Double($1) }
    var rest = Double(uniform) * total
    var chosen = 0
    for (index, weight) in weights.enumerated() where weight > 0 {
      chosen = index
      rest -= Double(weight)
      if rest < 0 { break }
    }
    return tokens?[chosen] ?? Int32(chosen)
  }
}
