internal import Foundation
internal import ModelConversion
internal import ModelFile
internal import Tensor
internal import Transformer

/// A model whose last layer is read by a ``ScoreHead``: the reward of an answer.
struct RewardModel: Sendable {
  let chat: ChatModel
  let head: ScoreHead

  init(chat: ChatModel, head: ScoreHead) {
    self.chat = chat
    self.head = head
  }

  /// Opens a model of Hugging Face's kind `…ForSequenceClassification` with one label.
  ///
  /// - Parameters:
  ///   - path: the model's folder.
  ///   - packed: where its weights are packed to, once.
  init(path: String, packed: String) throws {
    if !FileManager.default.fileExists(atPath: packed) {
      try ModelImport.run(from: path, to: packed, passingOver: [ScoreHead.name])
    }
    chat = try ChatModel(file: PackedModelFile(path: packed))
    head = try ScoreHead(
      tensors: HuggingFaceFolder(path: path).openTensors(), width: chat.model.shape.width,
      path: path)
  }

  /// Opens what a training with the objective `reward` left in `folder`; nil where there is nothing
  /// of that kind.
  init?(trainedIn folder: RunFolder, over initial: ChatModel) throws {
    var chat = initial
    if AdapterFile.exists(in: folder.path) {
      let shape = initial.model.shape
      guard let found = try AdapterFile.readReward(folder: folder.path, shape: shape) else {
        return nil
      }
      chat.adapter = found.adapter
      head = found.head
      chat.fingerprint = try ModelStore.fingerprint(of: folder, over: initial)
    } else {
      guard folder.exists(Self.headFile), folder.exists(ModelStore.wholeModel) else { return nil }
      let file = try PackedModelFile(path: folder.file(ModelStore.wholeModel))
      chat.model = try LanguageModel(file: file, workers: initial.model.workers)
      chat.fingerprint = file.fingerprint
      let tensors = try ShardedTensors([SafetensorsFile(path: folder.file(Self.headFile))])
      head = try ScoreHead(
        tensors: tensors, width: chat.model.shape.width, path: folder.file(Self.headFile))
    }
    self.chat = chat
  }

  /// The rewards of `answers` to `prompt`; both are cut to half of `contextSize` tokens.
  func scores(of answers: [String], to prompt: String, contextSize: Int) throws -> [Float] {
    let cut = chat.cut(
      prompt: try chat.prompt(prompt), answers: answers.map(chat.answer), contextSize: contextSize)
    var batch = TokenBatch()
    batch.add(prompt: cut.prompt, wholeAnswers: cut.answers)
    return head.scores(
      of: BatchPass(
        batch, model: chat.model, adapter: chat.adapter, arithmetic: .rowwise, keeping: .nothing))
  }

  /// Holds the head of a model all of whose weights were trained.
  static let headFile = "score.safetensors"

  /// Writes a head beside a model all of whose weights were trained.
  static func write(_ head: ScoreHead, to folder: RunFolder) throws {
    var writer = try SafetensorsWriter(
      path: folder.file(headFile),
      tensors: [(name: ScoreHead.name, shape: [1, head.weights.columns])])
    try writer.append(head.weights.values)
    try writer.commit()
  }
}

extension ScoreHead {
  fileprivate init(tensors: ShardedTensors, width: Int, path: String) throws {
    guard let found = tensors.tensor(Self.name), found.rows == 1, found.columns == width else {
      throw SynPOError.model(
        path: path, reason: "it has no \(Self.name) of one row and \(width) columns")
    }
    let row = try tensors.floats(of: Self.name, rows: 0..<1)
    self.init(Matrix(rows: 1, columns: width, values: row))
  }
}
