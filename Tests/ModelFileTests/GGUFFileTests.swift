import Bytes
import Foundation
import ModelFile
import TestSupport
import Testing

struct GGUFFileTests {
  @Test func `what is written is read`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.gguf")
    try writeSample(to: path)
    let file = try GGUFFile(path: path)
    #expect(file.version == 3)
    #expect(file.metadata == everyType())
    #expect(file.metadata.keys == everyType().keys)
    #expect(file.tensors.map(\.name) == ["norm", "weight", "halves"])
    let norm = try #require(file.tensor("norm"))
    #expect((norm.rows, norm.columns) == (1, 3))
    #expect(file.floats(of: norm, rows: 0..<1) == [1, -2, 0.5])
    let weight = try #require(file.tensor("weight"))
    #expect((weight.rows, weight.columns, weight.dimensions) == (2, 32, [32, 2]))
    #expect(file.q8_0Blocks(of: weight, rows: 1..<2) == Array(sampleBlocks[34...]))
    #expect(file.floats(of: weight, rows: 0..<1) == (0..<32).map { Float($0) })
    let halves = try #require(file.tensor("halves"))
    #expect((halves.rows, halves.columns) == (2, 8))
    #expect(file.floats(of: halves, rows: 0..<2) == Array(repeating: 1, count: 16))
    #expect(file.tensor("nowhere") == nil)
  }

  @Test func `every file that is cut short is refused`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("whole"))
    let whole = try bytes(ofFile: folder.file("whole"))
    for length in 0..<whole.count {
      let problem = refusal(of: whole.prefix(length)) { (file) throws(ModelFileError) in
        _ = try GGUFFile(file)
      }
      switch problem {
      case .truncated, .tooMany, .tensorOutsideFile: break
      default: Issue.record("\(length) bytes of \(whole.count): \(problem as Any)")
      }
    }
  }

  @Test func `any byte may be wrong without a trap`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("whole"))
    let whole = try bytes(ofFile: folder.file("whole"))
    for place in whole.indices {
      for flip in [0x01, 0x80, 0xFF] as [UInt8] {
        var damaged = whole
        damaged[place] ^= flip
        asFile(damaged) { mapped in
          guard let file = try? GGUFFile(mapped) else { return }
          for tensor in file.tensors { _ = file.floats(of: tensor, rows: 0..<tensor.rows) }
        }
      }
    }
  }

  struct Lie: CustomTestStringConvertible {
    let testDescription: String
    let file: HandmadeGGUF
    let isExpected: @Sendable (ModelFileError) -> Bool

    init(
      _ name: String, _ isExpected: @escaping @Sendable (ModelFileError) -> Bool,
      _ change: (inout HandmadeGGUF) -> Void
    ) {
      testDescription = name
      var file = HandmadeGGUF()
      change(&file)
      self.file = file
      self.isExpected = isExpected
    }
  }

  static let tooMany: @Sendable (ModelFileError) -> Bool = {
    if case .tooMany = $0 { true } else { false }
  }
  static let malformed: @Sendable (ModelFileError) -> Bool = {
    if case .malformed = $0 { true } else { false }
  }
  static let outside: @Sendable (ModelFileError) -> Bool = {
    if case .tensorOutsideFile = $0 { true } else { false }
  }
  static let huge: UInt64 = 1 << 63

  static let lies = [
    Lie("2^63 tensors", tooMany) { $0.tensorCount = huge },
    Lie("2^64 - 1 keys", tooMany) { $0.keyCount = .max },
    Lie("a text of 2^63 bytes", tooMany) { $0.add(key: "k", type: 8) { $0.append(huge) } },
    Lie("a list of 2^62 numbers", tooMany) {
      $0.add(key: "k", type: 9) {
        $0.append(UInt32(6))
        $0.append(huge / 2)
      }
    },
    Lie("a list of 2^40 texts", tooMany) {
      $0.add(key: "k", type: 9) {
        $0.append(UInt32(8))
        $0.append(UInt64(1) << 40)
      }
    },
    Lie("a list of lists", malformed) {
      $0.add(key: "k", type: 9) {
        $0.append(UInt32(9))
        $0.append(UInt64(1))
        $0.append(UInt64(0))
        $0.append(UInt64(0))
      }
    },
    Lie("an unknown type of value", malformed) {
      $0.add(key: "k", type: 13) { $0.append(UInt64(0)) }
    },
    Lie("a key twice", malformed) {
      $0.add(key: "k", type: 4) { $0.append(UInt32(1)) }
      $0.add(key: "k", type: 4) { $0.append(UInt32(2)) }
    },
    Lie("an empty key", malformed) { $0.add(key: "", type: 4) { $0.append(UInt32(1)) } },
    Lie("an alignment that is no power of two", malformed) {
      $0.add(key: "general.alignment", type: 4) { $0.append(UInt32(48)) }
    },
    Lie("an alignment of zero", malformed) {
      $0.add(key: "general.alignment", type: 4) { $0.append(UInt32(0)) }
    },
    Lie("no dimensions", malformed) { $0.add(tensor: "t", []) },
    Lie("five dimensions", malformed) { $0.add(tensor: "t", [1, 1, 1, 1, 1]) },
    Lie("a dimension of zero", malformed) { $0.add(tensor: "t", [4, 0]) },
    Lie("a dimension of 2^63", malformed) { $0.add(tensor: "t", [huge]) },
    Lie("dimensions that overflow together", malformed) {
      $0.add(tensor: "t", [1 << 32, 1 << 32])
    },
    Lie("a byte count that overflows", malformed) { $0.add(tensor: "t", [1 << 62]) },
    Lie("a tensor that ends outside the file", outside) { $0.add(tensor: "t", [17]) },
    Lie("a tensor that begins outside the file", outside) {
      $0.add(tensor: "t", [1], offset: UInt64.max - 31)
    },
    Lie("an offset between alignments", malformed) { $0.add(tensor: "t", [1], offset: 4) },
    Lie("a part of a block", malformed) { $0.add(tensor: "t", [33], type: 8) },
    Lie("a tensor twice", malformed) {
      $0.add(tensor: "t", [1])
      $0.add(tensor: "t", [1], offset: 32)
    },
    Lie("tensors that overlap", { $0 == .tensorsOverlap(file: "", first: "t", second: "u") }) {
      $0.add(tensor: "u", [1], offset: 32)
      $0.add(tensor: "t", [9])
    },
    Lie(
      "a type that is not read", { $0 == .unsupportedType(file: "", tensor: "t", type: "IQ4_NL") }
    ) {
      $0.add(tensor: "t", [32], type: 20)
    },
    Lie(
      "a type that nobody knows",
      { $0 == .unsupportedType(file: "", tensor: "t", type: "number 99") }
    ) { $0.add(tensor: "t", [32], type: 99) },
    Lie("version 1", { $0 == .unsupportedVersion(file: "", found: 1, supported: "2 and 3") }) {
      $0.version = 1
    },
    Lie("the other byte order", malformed) { $0.version = UInt32(3).byteSwapped },
  ]

  @Test(arguments: lies)
  func `a lie is refused by its name`(lie: Lie) throws {
    let folder = try TemporaryFolder()
    try write(lie.file.bytes, to: folder.file("lie"))
    let problem = refusal { () throws(ModelFileError) in _ = try GGUFFile(path: folder.file("lie"))
    }
    let error = try #require(problem)
    #expect(lie.isExpected(error.withoutFile), "\(error)")
    #expect("\(error)".contains(folder.file("lie")))
  }

  @Test func `what is no GGUF file at all is told apart`() throws {
    let folder = try TemporaryFolder()
    try write("Once upon a time".utf8, to: folder.file("text"))
    #expect(throws: ModelFileError.wrongKind(file: folder.file("text"), expected: "GGUF")) {
      try GGUFFile(path: folder.file("text"))
    }
    #expect(!GGUFFile.isGGUF(path: folder.file("text")))
    #expect(throws: ModelFileError.self) { try GGUFFile(path: folder.file("nowhere")) }
  }

  @Test(.enabled(if: Shared.isPresent), arguments: ["f32", "q8_0"])
  func `a real model reads as its reference says`(type: String) throws {
    let file = try GGUFFile(path: Shared.path("data/stories260k/stories260K-\(type).gguf"))
    #expect(file.metadata.string("general.architecture") == "llama")
    let table = try String(
      contentsOfFile: Shared.path("data/stories260k/reference/tensors.tsv"), encoding: .utf8)
    var compared = 0
    for line in table.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: "\t").map(String.init)
      let tensor = try #require(file.tensor(fields[0]))
      let shape = tensor.dimensions.reversed().map(String.init).joined(separator: "x")
      #expect(shape == fields[1])
      if tensor.type == .q8_0 {
        #expect(sha256(file.q8_0Blocks(of: tensor, rows: 0..<tensor.rows)) == fields[3])
      } else {
        #expect(sha256(floats: file.floats(of: tensor, rows: 0..<tensor.rows)) == fields[2])
      }
      compared += 1
    }
    #expect(compared == file.tensors.count)
  }

  @Test(
    .enabled(if: Shared.isPresent), arguments: [("gpt-2", 50257, 50000), ("qwen2", 151936, 151387)])
  func `vocabularies come whole and go out as they came`(
    name: String, tokens: Int, merges: Int
  ) throws {
    let path = Shared.path("data/tokenizer-vectors/ggml-vocab-\(name).gguf")
    let file = try GGUFFile(path: path)
    #expect(file.metadata.string("tokenizer.ggml.pre") == name)
    #expect(file.metadata.texts("tokenizer.ggml.tokens")?.count == tokens)
    #expect(file.metadata.strings("tokenizer.ggml.merges")?.count == merges)
    #expect(file.metadata.integers("tokenizer.ggml.token_type")?.count == tokens)
    let folder = try TemporaryFolder()
    try GGUFWriter(path: folder.file("copy"), metadata: file.metadata, tensors: []).commit()
    let (original, copy) = (try bytes(ofFile: path), try bytes(ofFile: folder.file("copy")))
    #expect(original.prefix(copy.count) == copy[...])
    #expect(original.dropFirst(copy.count).allSatisfy { $0 == 0 })
  }
}

/// Two rows of Q8_0 with a scale of 1, codes 0 to 31 and -32 to -1.
private let sampleBlocks: [UInt8] =
  [0, 0x3C] + (0..<32).map { UInt8($0) } + [0, 0x3C] + (1...32).map { UInt8(256 - $0) }

private func writeSample(to path: String) throws {
  var writer = try GGUFWriter(
    path: path, metadata: everyType(),
    tensors: [
      GGUFTensorShape(name: "norm", dimensions: [3], type: .f32),
      GGUFTensorShape(name: "weight", dimensions: [32, 2], type: .q8_0),
      GGUFTensorShape(name: "halves", dimensions: [8, 1, 2], type: .f16),
    ])
  try writer.append(floats: [1, -2])
  try writer.append(floats: [0.5])
  try writer.append(sampleBlocks)
  try writer.append((0..<16).flatMap { _ in [0, 0x3C] as [UInt8] })
  try writer.commit()
}

extension ModelFileError {
  /// The same error about a file without a name, for comparing.
  var withoutFile: ModelFileError {
    switch self {
    case .unsupportedVersion(_, let found, let supported):
      .unsupportedVersion(file: "", found: found, supported: supported)
    case .tensorsOverlap(_, let first, let second):
      .tensorsOverlap(file: "", first: first, second: second)
    case .unsupportedType(_, let tensor, let type):
      .unsupportedType(file: "", tensor: tensor, type: type)
    default: self
    }
  }
}
