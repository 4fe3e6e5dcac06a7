/// How the next token is chosen from the model's logits.
public struct SamplingSettings: Equatable, Sendable {
  /// 0 takes the likeliest token (greedy).
  public var temperature: Float
  /// Only the k likeliest tokens; 0 for all.
  public var topK: Int
  /// Only the likeliest tokens that together hold this share of the probability.
  public var topP: Float
  /// Only tokens at least this many times as likely as the likeliest.
  public var minP: Float
  /// Divides the positive logits of tokens that stand already in the text, multiplies negative ones.
  public var repetitionPenalty: Float
  /// The longest answer, in tokens.
  public var maximumTokens: Int
  /// With the stage and the record it decides every random choice.
  public var seed: UInt64
  /// What is being generated, such as `draft/2`: keeps the stages' random numbers apart.
  public var stage: String

  public init(
    temperature: Float = 0.7, topK: Int = 0, topP: Float = 1, minP: Float = 0,
    repetitionPenalty: Float = 1, maximumTokens: Int = 256, seed: UInt64 = 42, stage: String = ""
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
    self.maximumTokens = maximumTokens
    self.seed = seed
    self.stage = stage
  }
}
