import Foundation
import ModelFile
import TestSupport
import Testing
import Transformer

@testable import SynPO

struct ScorerTests {
  @Test func `a judge's scores do not depend on the order, and of two they make one`() throws {
    let chat = try ChatModel(file: .embedded())
    let judge = JudgeScorer(threshold: 0.2, chat: chat, templates: .brief, contextSize: 160)
    let question = "What is 2 plus 3?"
    let there = try judge.scores([ScoringItem(prompt: question, answers: ["5", "It must be 4!"])])[
      0]
    let back = try judge.scores([ScoringItem(prompt: question, answers: ["It must be 4!", "5"])])[0]
    #expect(abs(there[0] - back[1]) < 1e-6 && abs(there[1] - back[0]) < 1e-6)
    #expect(abs(there[0] + there[1] - 1) < 1e-6)
    let same = try judge.scores([ScoringItem(prompt: question, answers: ["5", "5", "4"])])[0]
    #expect(abs(same[0] - same[1]) < 1e-6)
    #expect(try judge.scores([ScoringItem(prompt: question, answers: ["5"])]) == [[0.5]])
  }

  /// With a row of the model's own output matrix as head, the score is the logit of that row's token
  /// after the conversation; the difference of two is that of their log-probabilities.
  @Test(.enabled(if: Shared.isPresent))
  func `a reward model's score is its head's product with the last row`() throws {
    let folder = try TemporaryFolder()
    let model = Shared.path("fixtures/llama")
    let output = try SafetensorsFile(path: "\(model)/model.safetensors")
    let tensor = try #require(output.tensor("lm_head.weight"))
    let item = ScoringItem(prompt: "What is a boat?", answers: ["It floats.", "No."])
    var scores: [[Double]] = []
    for token in [40, 77] {
      let row = try output.floats(of: tensor, rows: token..<token + 1)
      let path = try rewardModel(head: row, in: folder.file("head-\(token)"))
      let scorer = RewardModelScorer(
        name: .rewardModel, threshold: 0,
        model: try RewardModel(path: path, packed: "\(path)/packed"), contextSize: 256)
      scores.append(try scorer.scores([item])[0])
    }
    let chat = try ChatModel(file: PackedModelFile(path: folder.file("head-40/packed")))
    for (place, answer) in item.answers.enumerated() {
      let prompt = try chat.prompt(item.prompt) + chat.answer(answer)
      let values = chat.model.logProbabilities([(prompt: prompt, answers: [[40], [77]])])
      let expected = Double(values[0][0] - values[1][0])
      #expect(abs(scores[0][place] - scores[1][place] - expected) < 0.05)
    }
    #expect(abs(scores[0][0] - scores[0][1]) > 1e-3)
  }

  /// The fixture's model with a head beside it, as two shards.
  private func rewardModel(head: [Float], in path: String) throws -> String {
    let files = FileManager.default
    try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    let model = Shared.path("fixtures/llama")
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"] {
      try files.copyItem(atPath: "\(model)/\(name)", toPath: "\(path)/\(name)")
    }
    try files.copyItem(atPath: "\(model)/model.safetensors", toPath: "\(path)/body.safetensors")
    let size = 4 * head.count
    let header = Data(
      #"{"score.weight":{"dtype":"F32","shape":[1,\#(head.count)],"data_offsets":[0,\#(size)]}}"#
        .utf8)
    var bytes = Data()
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: header.count >> (8 * shift))) }
    bytes += header
    for value in head {
      for shift in 0..<4 {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> (8 * shift)))
      }
    }
    try bytes.write(to: URL(filePath: "\(path)/head.safetensors"))
    var places = ["score.weight": "head.safetensors"]
    for name in try SafetensorsFile(path: "\(path)/body.safetensors").names {
      places[name] = "body.safetensors"
    }
    try JSONEncoder().encode(["weight_map": places])
      .write(to: URL(filePath: "\(path)/model.safetensors.index.json"))
    return path
  }

  /// The settings may ask for more than the model can read.
  @Test func `what is longer than the model can read is cut before it is scored`() throws {
    let chat = try ChatModel(file: .embedded())
    let long = String(repeating: "one two three ", count: 4 * chat.model.contextLimit)
    let item = ScoringItem(prompt: long, answers: [long, "2"])
    let size = 100 * chat.model.contextLimit
    let eye = FeatureEye(chat: chat, contextSize: size, templates: .brief)
    #expect(try eye.features(of: item).count == 2)
    let judge = JudgeScorer(threshold: 0, chat: chat, templates: .brief, contextSize: size)
    #expect(try judge.scores([item])[0].allSatisfy(\.isFinite))
    let reward = RewardModelScorer(
      name: .trainedReward, threshold: 0,
      model: RewardModel(chat: chat, head: ScoreHead(width: chat.model.shape.width, seed: 1)),
      contextSize: size)
    #expect(try reward.scores([item])[0].allSatisfy(\.isFinite))
  }

  @Test func `a folder without a head is no reward model`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: SynPOError.self) {
      try RewardModel(path: Shared.path("fixtures/llama"), packed: folder.file("packed"))
    }
  }
}
