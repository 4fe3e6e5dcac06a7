import Bytes
import Foundation
import ModelFile
import Tensor
import TestSupport
import Testing
import Transformer

/// SimPO's loss and gradients against PyTorch's, for all weights and for LoRA's.
struct FixtureGradientTests {
  @Test(arguments: Fixture.names)
  func `the gradients of all weights are PyTorch's`(name: String) throws {
    let fixture = try Fixture(name)
    var model = fixture.model
    model.weights = model.weights.floatCopy()
    let gradients = Gradients(for: model.weights.parameters)
    for keeping in [BatchPass.Keeping.layerInputs, .everything] {
      gradients.clear()
      let verdict = learn(fixture.expected.simpo, model, nil, keeping, gradients)
      #expect(abs(verdict.loss - fixture.expected.simpo.loss) < 1e-4)
      #expect(abs(verdict.chosen - fixture.expected.simpo.chosenAvgLogp) < 1e-4)
      #expect(abs(verdict.rejected - fixture.expected.simpo.rejectedAvgLogp) < 1e-4)
      for (path, expected) in fixture.expected.simpo.grads {
        let gradient = try #require(gradients[ggufName(path)], "no gradient \(path)")
        compare(gradient, expected, path)
      }
    }
  }

  @Test(arguments: Fixture.names)
  func `the gradients of an adapter are PyTorch's`(name: String) throws {
    let fixture = try Fixture(name)
    let adapter = try AdapterFile.read(
      folder: fixture.adapterFolder, shape: fixture.model.shape)
    let gradients = Gradients(for: adapter.parameters)
    let verdict = learn(fixture.expected.simpo, fixture.model, adapter, .layerInputs, gradients)
    #expect(abs(verdict.loss - fixture.expected.loraSimpo.loss) < 1e-4)
    for (path, expected) in fixture.expected.loraSimpo.grads {
      let gradient = try #require(gradients[ggufName(path)], "no gradient \(path)")
      compare(gradient, expected, path)
    }
  }

  /// On the fast path activations and gradients are rounded to int8, and the weights once more on the
  /// way back; less so around values and attention's output.
  @Test(arguments: Fixture.names)
  func `the fast path's gradients are near the float path's`(name: String) throws {
    let fixture = try Fixture(name, encoding: .int8)
    let exact = try gradients(fixture, .float)
    let fast = try gradients(fixture, .int8)
    #expect(distance(exact, fast) < 0.02, "\(distance(exact, fast))")
  }

  /// All gradients of the fixture's adapter, one after the other.
  private func gradients(_ fixture: Fixture, _ arithmetic: Arithmetic) throws -> [Double] {
    let adapter = try AdapterFile.read(
      folder: fixture.adapterFolder, shape: fixture.model.shape)
    let gradients = Gradients(for: adapter.parameters)
    _ = learn(
      fixture.expected.simpo, fixture.model, adapter, .layerInputs, gradients,
      arithmetic: arithmetic)
    return adapter.parameters.flatMap { gradients[$0.name]?.values.map(Double.init) ?? [] }
  }

  /// |a − b| / |a|
  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    let error = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (error / a.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  /// What is kept and what is computed again is a question of memory alone.
  @Test func `gradients do not depend on how many layers are kept`() throws {
    let fixture = try Fixture("llama", encoding: .int8)
    let adapter = try AdapterFile.read(
      folder: fixture.adapterFolder, shape: fixture.model.shape)
    var results: [[[Float]]] = []
    for keeping in [BatchPass.Keeping.layerInputs, .upTo(.kibibytes(64)), .everything] {
      let gradients = Gradients(for: adapter.parameters)
      _ = learn(
        fixture.expected.simpo, fixture.model, adapter, keeping, gradients, arithmetic: .int8)
      results.append(adapter.parameters.map { gradients[$0.name]?.values ?? [] })
    }
    #expect(results[0] == results[1] && results[1] == results[2])
  }

  @Test func `an adapter that is written is read back the same`() throws {
    let fixture = try Fixture("qwen3")
    let adapter = try AdapterFile.read(
      folder: fixture.adapterFolder, shape: fixture.model.shape)
    let folder = fixture.folder.file("adapter")
    try AdapterFile.write(adapter, to: folder, baseModel: "llama")
    let again = try AdapterFile.read(folder: folder, shape: fixture.model.shape)
    #expect(again.rank == adapter.rank && again.alpha == adapter.alpha)
    for (a, b) in zip(adapter.parameters, again.parameters) {
      #expect(a.name == b.name && a.matrix.values == b.matrix.values)
    }
  }

  @Test(arguments: ["qwen3", "llama3-rope"])
  func `a merged adapter gives the adapter's log-probabilities`(name: String) throws {
    let fixture = try Fixture(name)
    let adapter = try AdapterFile.read(
      folder: fixture.adapterFolder, shape: fixture.model.shape)
    let path = fixture.folder.file("merged.packed")
    try fixture.model.write(to: path, merging: adapter, encoding: .float32)
    let merged = try LanguageModel(file: .init(path: path))
    let pair = fixture.expected.simpo
    let items = [(prompt: pair.prompt, answers: [pair.chosen, pair.rejected])]
    let apart = fixture.model.logProbabilities(items, adapter: adapter, arithmetic: .float)
    let together = merged.logProbabilities(items, arithmetic: .float)
    #expect(largestDifference(apart[0], together[0]) < 1e-4)
  }

  /// One pair forward and backward, prompt shared.
  private func learn(
    _ pair: Fixture.Expected.Preference, _ model: LanguageModel, _ adapter: Adapter?,
    _ keeping: BatchPass.Keeping, _ gradients: Gradients, arithmetic: Arithmetic = .float
  ) -> (loss: Float, chosen: Float, rejected: Float) {
    var batch = TokenBatch()
    batch.add(prompt: pair.prompt, answers: [pair.chosen, pair.rejected])
    let pass = BatchPass(
      batch, model: model, adapter: adapter, arithmetic: arithmetic, keeping: keeping)
    let means = batch.meanPerAnswer(pass.logProbabilities)
    let lead = pair.beta * (means[0] - means[1]) - pair.gamma
    let slope = -pair.beta / (1 + exp(lead))
    let slopes = batch.scored.map { token in
      (token.answer == 0 ? slope : -slope) / Float(batch.answerTokens[token.answer])
    }
    pass.backward(slopes: slopes, into: gradients)
    return (log1p(exp(-lead)), means[0], means[1])
  }

  private func compare(_ gradient: Matrix, _ expected: Fixture.Expected.Gradient, _ path: String) {
    let norm = Rowwise.sumOfSquares(gradient).squareRoot()
    #expect(abs(norm - expected.norm) <= 1e-3 * expected.norm, "\(path): norm \(norm)")
    let scale = Float(expected.norm)
    let head = gradient.values.prefix(expected.head.count)
    #expect(largestDifference(Array(head), expected.head) <= 1e-3 * scale, "\(path)")
  }

  /// From `model.layers.0.self_attn.q_proj.weight` to `blk.0.attn_q.weight`, LoRA's names included.
  private func ggufName(_ path: String) -> String {
    var parts = path.replacing("base_model.model.", with: "").replacing(".default", with: "")
      .split(separator: ".").map(String.init)
    if parts[0] == "lm_head" { return "output.weight" }
    if parts[1] == "embed_tokens" { return "token_embd.weight" }
    if parts[1] == "norm" { return "output_norm.weight" }
    parts.removeFirst(2)
    let layer = parts.removeFirst()
    if parts[0] == "input_layernorm" { return "blk.\(layer).attn_norm.weight" }
    if parts[0] == "post_attention_layernorm" { return "blk.\(layer).ffn_norm.weight" }
    if parts[1] == "q_norm" { return "blk.\(layer).attn_q_norm.weight" }
    if parts[1] == "k_norm" { return "blk.\(layer).attn_k_norm.weight" }
    let linear = LinearName.allCases.first { $0.moduleName == parts[1] }
    let kind = parts[2] == "lora_A" ? "lora_a" : parts[2] == "lora_B" ? "lora_b" : parts[2]
    return "blk.\(layer).\(linear?.rawValue ?? "?").\(kind)"
  }
}
