import Bytes
import Foundation
import ModelConversion
import ModelFile
import TestSupport
import Testing
import Transformer

@Suite(.enabled(if: Shared.isPresent))
struct GGUFConversionTests {
  @Test func `Q8_0 goes in and comes out with the same bytes`() throws {
    let folder = try TemporaryFolder()
    let path = Shared.path("\(stories)-q8_0.gguf")
    let imported = try ModelImport.run(from: path, to: folder.file("packed"), encoding: .int8)
    let exported = try ModelExport.gguf(from: folder.file("packed"), to: folder.file("gguf"))
    let (original, copy) = (try GGUFFile(path: path), try GGUFFile(path: folder.file("gguf")))
    #expect(Set(copy.tensors.map(\.name)) == Set(original.tensors.map(\.name)))
    for tensor in original.tensors {
      let same = try #require(copy.tensor(tensor.name))
      #expect((same.dimensions, same.type) == (tensor.dimensions, tensor.type))
      #expect(
        copy.rawBytes(of: same, rows: 0..<same.rows)
          == original.rawBytes(of: tensor, rows: 0..<tensor.rows), "\(tensor.name)")
    }
    for key in original.metadata.keys {
      #expect(copy.metadata[key] == original.metadata[key], "\(key)")
    }
    // Five matrices have rows of 172 numbers.
    #expect(imported.tensors == 47 && exported.tensors == 47)
    #expect(imported.leftInFloat.map(\.name) == (0..<5).map { "blk.\($0).ffn_down.weight" })
    #expect((imported.quantised, imported.keptExactly) == (0, 42))
    #expect(exported.leftInFloat == imported.leftInFloat)
  }

  @Test func `floats are rounded as the reference does`() throws {
    let folder = try TemporaryFolder()
    let report = try ModelImport.run(
      from: Shared.path("\(stories)-f32.gguf"), to: folder.file("packed"))
    #expect((report.quantised, report.keptExactly, report.leftInFloat.count) == (31, 11, 5))
    try ModelExport.gguf(from: folder.file("packed"), to: folder.file("gguf"))
    let file = try GGUFFile(path: folder.file("gguf"))
    let table = try String(
      contentsOfFile: Shared.path("data/stories260k/reference/tensors.tsv"), encoding: .utf8)
    for line in table.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: "\t").map(String.init)
      let tensor = try #require(file.tensor(fields[0]))
      if tensor.type == .q8_0 {
        #expect(sha256(file.q8_0Blocks(of: tensor, rows: 0..<tensor.rows)) == fields[3])
      } else {
        #expect(sha256(floats: file.floats(of: tensor, rows: 0..<tensor.rows)) == fields[2])
      }
    }
  }

  @Test func `floats go in and come out unchanged`() throws {
    let folder = try TemporaryFolder()
    let path = Shared.path("\(stories)-f32.gguf")
    try ModelImport.run(from: path, to: folder.file("packed"), encoding: .float32)
    let report = try ModelExport.gguf(
      from: folder.file("packed"), to: folder.file("gguf"), type: .f32)
    #expect(report.keptExactly == 47)
    let (original, copy) = (try GGUFFile(path: path), try GGUFFile(path: folder.file("gguf")))
    for tensor in original.tensors {
      #expect(floats(copy, tensor.name) == floats(original, tensor.name), "\(tensor.name)")
    }
  }

  @Test func `query and key rows stand half-split in packed files, all others as they were`() throws
  {
    let folder = try TemporaryFolder()
    let path = Shared.path("\(stories)-f32.gguf")
    try ModelImport.run(from: path, to: folder.file("packed"), encoding: .float32)
    let (gguf, packed) = (
      try GGUFFile(path: path), try PackedModelFile(path: folder.file("packed"))
    )
    for tensor in gguf.tensors {
      let stored = floats(packed, tensor.name)
      let isRotated = tensor.name.contains("attn_q") || tensor.name.contains("attn_k")
      let expected = isRotated ? interleaved(stored, columns: 64, headSize: 8) : stored
      #expect(floats(gguf, tensor.name) == expected, "\(tensor.name)")
    }
  }

  @Test func `progress is told for each tensor, and the report is that of the file`() throws {
    let folder = try TemporaryFolder()
    var steps: [ConversionProgress] = []
    let report = try ModelImport.run(
      from: Shared.path("\(stories)-q8_0.gguf"), to: folder.file("packed")
    ) { steps.append($0) }
    let packed = try PackedModelFile(path: folder.file("packed"))
    #expect(steps.map(\.tensor) == packed.tensors.map(\.name))
    #expect(steps.map(\.done) == Array(1...47))
    #expect(steps.allSatisfy { $0.total == 47 })
    #expect(report.fingerprint == packed.fingerprint)
    #expect(report.bytes == packed.tensors.reduce(0) { $0 + $1.bytes.count })
    try packed.verify()
  }

  struct Change: CustomTestStringConvertible {
    let testDescription: String
    let metadata: [String: MetadataValue?]
    let isExpected: @Sendable (ModelConversionError) -> Bool
  }

  static let changes = [
    Change(
      testDescription: "an unknown architecture",
      metadata: ["general.architecture": .string("mamba")],
      isExpected: { if case .model(.unknownArchitecture(_, "mamba")) = $0 { true } else { false } }),
    Change(
      testDescription: "more layers than there are", metadata: ["llama.block_count": .u32(6)],
      isExpected: {
        if case .missingTensor(_, "blk.5.attn_norm.weight") = $0 { true } else { false }
      }),
    Change(
      testDescription: "fewer layers than there are", metadata: ["llama.block_count": .u32(4)],
      isExpected: { if case .unexpectedTensor = $0 { true } else { false } }),
    Change(
      testDescription: "another width", metadata: ["llama.feed_forward_length": .u32(128)],
      isExpected: {
        if case .wrongShape(_, "blk.0.ffn_gate.weight", [172, 64], [128, 64]) = $0 {
          true
        } else {
          false
        }
      }),
    Change(
      testDescription: "no head size", metadata: ["llama.attention.key_length": .u32(0)],
      isExpected: { _ in true }),
    Change(
      testDescription: "rope scaling", metadata: ["llama.rope.scaling.type": .string("yarn")],
      isExpected: { if case .model(.unsupported) = $0 { true } else { false } }),
    Change(
      testDescription: "no tokenizer", metadata: ["tokenizer.ggml.tokens": nil],
      isExpected: { if case .tokenizer = $0 { true } else { false } }),
    Change(
      testDescription: "a part of a model", metadata: ["split.count": .u16(2)],
      isExpected: { if case .unsupported = $0 { true } else { false } }),
  ]

  @Test(arguments: changes)
  func `a model that would not be the same is refused`(change: Change) throws {
    let folder = try TemporaryFolder()
    try rewrite(to: folder.file("gguf"), metadata: change.metadata)
    var problem: ModelConversionError?
    do throws(ModelConversionError) {
      try ModelImport.run(from: folder.file("gguf"), to: folder.file("packed"))
    } catch {
      problem = error
    }
    let error = try #require(problem)
    #expect(change.isExpected(error), "\(error)")
    #expect("\(error)".contains(folder.file("gguf")))
    #expect(!FileManager.default.fileExists(atPath: folder.file("packed")))
  }

  @Test func `a tensor that has no place is refused`() throws {
    let folder = try TemporaryFolder()
    try rewrite(to: folder.file("gguf"), extra: "position_embd.weight")
    #expect(
      throws: ModelConversionError.unexpectedTensor(
        path: folder.file("gguf"), name: "position_embd.weight")
    ) { try ModelImport.run(from: folder.file("gguf"), to: folder.file("packed")) }
  }

  @Test func `what is no model is refused`() throws {
    let folder = try TemporaryFolder()
    for path in [folder.path, folder.file("nowhere"), #filePath] {
      #expect(throws: ModelConversionError.unknownKind(path: path)) {
        try ModelImport.run(from: path, to: folder.file("packed"))
      }
    }
    #expect(throws: ModelConversionError.self) {
      try ModelExport.gguf(from: #filePath, to: folder.file("gguf"))
    }
  }

  /// Writes the small model again with other settings or one tensor more.
  private func rewrite(
    to path: String, metadata changes: [String: MetadataValue?] = [:], extra: String? = nil
  ) throws {
    let file = try GGUFFile(path: Shared.path("\(stories)-q8_0.gguf"))
    var metadata = file.metadata
    for (key, value) in changes { metadata[key] = value }
    var shapes = file.tensors.map {
      GGUFTensorShape(name: $0.name, dimensions: $0.dimensions, type: $0.type)
    }
    if let extra { shapes.append(GGUFTensorShape(name: extra, dimensions: [4], type: .f32)) }
    var writer = try GGUFWriter(path: path, metadata: metadata, tensors: shapes)
    for tensor in file.tensors {
      try writer.append(file.rawBytes(of: tensor, rows: 0..<tensor.rows))
    }
    if extra != nil { try writer.append(floats: [1, 2, 3, 4]) }
    try writer.commit()
  }
}
