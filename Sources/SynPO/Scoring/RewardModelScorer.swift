internal import Foundation
internal import ModelConversion
internal import ModelFile
internal import Tensor
internal import Transformer

/// A reward model of Hugging Face's kind `…ForSequenceClassification` with one label: its score is a
/// linear function, `score.weight`, of the last layer's row of the conversation's last token.
struct RewardModelScorer: AnswerScorer {
  let name = ScorerName.rewardModel
  let threshold: Double
  let chat: ChatModel
  /// [D]
  let weights: [Float]
  let contextSize: Int

  static let defaultThreshold = 0.5
  private static let weightName = "score.weight"

  /// - Parameters:
  ///   - path: the model's folder.
  ///   - packed: where its weights are packed to, once.
  init(path: String, packed: String, threshold: Double, contextSize: Int) throws {
    if !FileManager.default.fileExists(atPath: packed) {
      try ModelImport.run(from: path, to: packed, passingOver: [Self.weightName])
    }
    chat = try ChatModel(file: PackedModelFile(path: packed))
    let tensors = try HuggingFaceFolder(path: path).openTensors()
    let width = chat.model.shape.width
    guard let found = tensors.tensor(Self.weightName), found.rows == 1, found.columns == width
    else {
      throw SynPOError.model(
        path: path, reason: "it has no \(Self.weightName) of one row and \(width) columns")
    }
    weights = try tensors.floats(of: Self.weightName, rows: 0..<1)
    self.threshold = threshold
    self.contextSize = contextSize
  }

  func scores(_ items: [ScoringItem]) throws -> [[Double]] { try items.map(scores) }

  private func scores(_ item: ScoringItem) throws -> [Double] {
    let prompt = try chat.prompt(item.prompt).suffix(contextSize / 2)
    // A row is there only for a token after which another is asked for: the end stands twice.
    let answers = item.answers.map { answer in
      Array(chat.answer(answer).prefix(contextSize / 2)) + [chat.endToken]
    }
    var batch = TokenBatch()
    batch.add(prompt: Array(prompt), answers: answers)
    let pass = BatchPass(batch, model: chat.model, arithmetic: .rowwise, keeping: .nothing)
    var last = [Int](repeating: 0, count: answers.count)
    for token in batch.scored { last[token.answer] = token.row }
    return last.map { row in
      zip(weights, pass.hiddenRows.row(row)).reduce(0) { $0 + Double($1.0 * $1.1) }
    }
  }
}
