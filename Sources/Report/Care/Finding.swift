/// Something about data that training on it would suffer from.
public struct Finding: Codable, Equatable, Sendable {
  /// What was looked for, such as `length_bias`.
  public var check: String
  /// Whether it should be put right before training.
  public var isWeighty: Bool
  /// Of how many it holds, and of how many that were looked at.
  public var count: Int
  public var total: Int
  /// What it means and what to do about it.
  public var words: String
  /// The beginnings of some of the texts.
  public var examples: [String]

  public init(
    _ check: String, isWeighty: Bool, count: Int, of total: Int, words: String,
    examples: [String] = []
  ) {
    self.check = check
    self.isWeighty = isWeighty
    self.count = count
    self.total = total
    self.words = words
    self.examples = examples
  }

  public static let mostExamples = 3
}
