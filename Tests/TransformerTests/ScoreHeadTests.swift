import Foundation
import Tensor
import TestSupport
import Testing

@testable import Transformer

/// Rewards, Bradley and Terry's loss and its gradients against those of transformers' classifier
/// with one label and PEFT; see tools/golden/make_score_head.py.
@Suite(.enabled(if: Shared.isPresent))
struct ScoreHeadTests {
  private struct Golden: Decodable {
    let prompt: [Int32]
    let answers: [[Int32]]
    let rewards: [Float]
    let loss: Float
    let gradients: [String: Fixture.Expected.Gradient]
  }

  private let golden: Golden
  private let fixture: Fixture
  private let adapter: Adapter
  private let head: ScoreHead

  init() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Golden/score-head.json")
    golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
    fixture = try Fixture("llama-tied")
    adapter = try AdapterFile.read(folder: fixture.adapterFolder, shape: fixture.model.shape)
    let width = fixture.model.shape.width
    head = ScoreHead(
      Matrix(rows: 1, columns: width, values: (0..<width).map { Float(cos(Double($0)) / 8) }))
  }

  private func pass(_ answers: [[Int32]], keeping: BatchPass.Keeping = .nothing) -> BatchPass {
    var batch = TokenBatch()
    batch.add(prompt: golden.prompt, wholeAnswers: answers)
    return BatchPass(
      batch, model: fixture.model, adapter: adapter, arithmetic: .float, keeping: keeping)
  }

  @Test func `an answer's number is that of the classifier`() {
    let scores = head.scores(of: pass(golden.answers))
    for (score, reward) in zip(scores, golden.rewards) { #expect(abs(score - reward) < 1e-4) }
    #expect(scores.count == 2)
  }

  @Test func `an answer's number does not depend on the answers beside it`() {
    let together = head.scores(of: pass(golden.answers))
    for (answer, score) in zip(golden.answers, together) {
      #expect(abs(head.scores(of: pass([answer]))[0] - score) < 1e-5)
    }
  }

  @Test(arguments: [BatchPass.Keeping.layerInputs, .everything])
  func `the gradients of head and adapter are PyTorch's`(keeping: BatchPass.Keeping) throws {
    let gradients = Gradients(
      for: adapter.parameters + [(name: ScoreHead.name, matrix: head.weights)])
    let pass = pass(golden.answers, keeping: keeping)
    let rewards = head.scores(of: pass)
    let lead = rewards[0] - rewards[1]
    #expect(abs(log1p(exp(-lead)) - golden.loss) < 1e-4)
    let slope = -1 / (1 + exp(lead))
    head.backward(pass, slopes: [slope, -slope], into: gradients)
    var compared = 0
    for id in adapter.parts.keys {
      for (side, ours) in [("A", "lora_a"), ("B", "lora_b")] {
        let expected = try #require(golden.gradients[id.peftName(side)])
        compare(try #require(gradients["\(id.path).\(ours)"]), expected, id.peftName(side))
        compared += 1
      }
    }
    let expected = try #require(golden.gradients[ScoreHead.name])
    compare(try #require(gradients[ScoreHead.name]), expected, ScoreHead.name)
    #expect(compared + 1 == golden.gradients.count)
  }

  private func compare(_ gradient: Matrix, _ expected: Fixture.Expected.Gradient, _ name: String) {
    let norm = Rowwise.sumOfSquares(gradient).squareRoot()
    #expect(abs(norm - expected.norm) <= 1e-3 * expected.norm, "\(name): norm \(norm)")
    for (value, other) in zip(gradient.values, expected.head) {
      #expect(abs(value - other) <= 1e-3 * Float(expected.norm), "\(name)")
    }
  }

  @Test func `an adapter with a head is written as PEFT's classifier and read back the same`()
    throws
  {
    let folder = fixture.folder.file("reward")
    let shape = fixture.model.shape
    try AdapterFile.write(adapter, head: head, to: folder, baseModel: "llama")
    let read = try #require(try AdapterFile.readReward(folder: folder, shape: shape))
    #expect(read.head.weights.values == head.weights.values)
    for (a, b) in zip(adapter.parameters, read.adapter.parameters) {
      #expect(a.name == b.name && a.matrix.values == b.matrix.values)
    }
    let config = try String(contentsOfFile: "\(folder)/adapter_config.json", encoding: .utf8)
    #expect(config.contains(#""task_type" : "SEQ_CLS""#))
  }

  @Test func `an adapter with a head does not pass for one that writes, nor the other way round`()
    throws
  {
    let shape = fixture.model.shape
    #expect(try AdapterFile.readReward(folder: fixture.adapterFolder, shape: shape) == nil)
    let folder = fixture.folder.file("reward")
    try AdapterFile.write(adapter, head: head, to: folder, baseModel: "llama")
    #expect(throws: TransformerError.self) { try AdapterFile.read(folder: folder, shape: shape) }
  }
}
