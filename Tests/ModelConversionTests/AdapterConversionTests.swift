import Foundation
import ModelConversion
import ModelFile
import Tensor
import TestSupport
import Testing
import Transformer

@Suite(.enabled(if: Shared.isPresent))
struct AdapterConversionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The fixture's model in float, and an adapter that changes all of its matrices.
  private func sample(_ fixture: String, rank: Int = 4) throws -> (LanguageModel, Adapter) {
    let packed = folder.file(fixture)
    try ModelImport.run(from: Shared.path("fixtures/\(fixture)"), to: packed, encoding: .float32)
    let model = try LanguageModel(file: PackedModelFile(path: packed))
    let adapter = Adapter(
      shape: model.shape, targets: LinearName.allCases, rank: rank, alpha: 8,
      isRankStabilised: true, seed: 3)
    var random = CounterRandom(seed: 4, stream: "b")
    let parts = adapter.parts.sorted { $0.key.path < $1.key.path }.map { id, part in
      let values = (0..<part.b.rows * rank).map { _ in 0.1 * random.normal() }
      let b = Matrix(rows: part.b.rows, columns: rank, values: values)
      return (id, LowRank(a: part.a, b: b))
    }
    return (
      model,
      Adapter(
        parts: Dictionary(uniqueKeysWithValues: parts), rank: rank, alpha: 8,
        isRankStabilised: true)
    )
  }

  private func logProbabilities(_ model: LanguageModel, _ adapter: Adapter?) -> [Float] {
    let items = [(prompt: [Int32](5..<20), answers: [[Int32](20..<60)])]
    return model.logProbabilities(items, adapter: adapter, arithmetic: .rowwise)[0]
  }

  @Test(arguments: ["llama", "mistral", "qwen2"])
  func `PEFT's form and llama.cpp's give the same log-probabilities`(fixture: String) throws {
    let (model, adapter) = try sample(fixture)
    try AdapterFile.write(adapter, to: folder.file("peft"), baseModel: fixture)
    try AdapterConversion.gguf(adapter, shape: model.shape, to: folder.file("lora.gguf"))
    let plain = logProbabilities(model, nil)
    let peft = logProbabilities(
      model, try AdapterConversion.read(from: folder.file("peft"), shape: model.shape))
    let gguf = logProbabilities(
      model, try AdapterConversion.read(from: folder.file("lora.gguf"), shape: model.shape))
    #expect(peft == gguf && peft != plain)
  }

  @Test func `llama's queries stand as in its GGUF files, values as they are`() throws {
    let (model, adapter) = try sample("llama")
    try AdapterConversion.gguf(adapter, shape: model.shape, to: folder.file("lora.gguf"))
    let file = try GGUFFile(path: folder.file("lora.gguf"))
    func rows(_ name: LinearName) throws -> (file: [[Float]], own: [[Float]]) {
      let tensor = try #require(file.tensor("blk.0.\(name.rawValue).weight.lora_b"))
      let b = try #require(adapter.parts[LinearID(layer: 0, name: name)]).b
      return (
        (0..<tensor.rows).map { file.floats(of: tensor, rows: $0..<$0 + 1) },
        (0..<b.rows).map { b.row($0) }
      )
    }
    let (query, value) = (try rows(.query), try rows(.value))
    #expect(value.file == value.own)
    // Row 1 of a file is the partner of row 0, half a head further on.
    #expect(query.file[0] == query.own[0])
    #expect(query.file[1] == query.own[model.shape.headSize / 2])
  }

  @Test func `an adapter for another model is refused by name and shape`() throws {
    let (model, adapter) = try sample("llama")
    let path = folder.file("lora.gguf")
    try AdapterConversion.gguf(adapter, shape: model.shape, to: path)
    var other = model.shape
    other.feedForward += 32
    #expect {
      _ = try AdapterConversion.read(from: path, shape: other)
    } throws: {
      guard case .wrongShape(path, let name, _, _)? = $0 as? ModelConversionError else {
        return false
      }
      return name.hasPrefix("blk.0.ffn_")
    }
    other = model.shape
    other.layers -= 1
    #expect(throws: ModelConversionError.self) {
      _ = try AdapterConversion.read(from: path, shape: other)
    }
    other = model.shape
    other.architecture = .qwen2
    #expect(throws: ModelConversionError.self) {
      _ = try AdapterConversion.read(from: path, shape: other)
    }
  }

  @Test func `what is no adapter, or a part of one, is refused`() throws {
    let (model, adapter) = try sample("llama")
    let path = folder.file("lora.gguf")
    try AdapterConversion.gguf(adapter, shape: model.shape, to: path)
    let whole = try Data(contentsOf: URL(filePath: path))
    try whole.dropLast(64).write(to: URL(filePath: path))
    #expect(throws: ModelConversionError.self) {
      _ = try AdapterConversion.read(from: path, shape: model.shape)
    }
    #expect(
      throws: ModelConversionError.unsupported(
        path: Shared.path("\(stories)-f32.gguf"),
        what: "general.type absent, where adapter is expected,")
    ) {
      _ = try AdapterConversion.read(
        from: Shared.path("\(stories)-f32.gguf"), shape: model.shape)
    }
  }
}
