import Bytes
import Foundation
import ModelFile
import TestSupport
import Testing

struct SafetensorsFileTests {
  @Test func `what is written is read`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("a"))
    let file = try SafetensorsFile(path: folder.file("a"))
    #expect(file.names == ["second", "first/\"quoted\"", "number"])
    #expect(file.notes == ["format": "pt"])
    let first = try #require(file.tensor("first/\"quoted\""))
    #expect((first.shape, first.rows, first.columns, first.type) == ([2, 3], 2, 3, "F32"))
    #expect(try file.floats(of: first, rows: 1..<2) == [4, 5, 6])
    let number = try #require(file.tensor("number"))
    #expect((number.rows, number.columns) == (1, 1))
    #expect(try file.floats(of: number, rows: 0..<1) == [8])
  }

  @Test func `half precision is read, other types are named`() throws {
    let header = """
      {"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},\
      "b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},\
      "i":{"dtype":"I32","shape":[1],"data_offsets":[8,12]}}
      """
    let (_, file) = try open(header, [0, 0x3C, 0, 0xC0, 0x80, 0x3F, 0, 0xC0, 1, 0, 0, 0])
    for name in ["h", "b"] {
      #expect(try file.floats(of: try #require(file.tensor(name)), rows: 0..<1) == [1, -2])
    }
    let integers = try #require(file.tensor("i"))
    let problem = refusal { () throws(ModelFileError) in
      _ = try file.floats(of: integers, rows: 0..<1)
    }
    #expect(problem == .unsupportedType(file: file.path, tensor: "i", type: "I32"))
  }

  @Test func `every file that is cut short is refused, and so is one that goes on`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("whole"))
    let whole = try bytes(ofFile: folder.file("whole"))
    for changed in (0..<whole.count).map({ whole.prefix($0) }) + [(whole + [0])[...]] {
      let problem = refusal(of: changed) { (file) throws(ModelFileError) in
        _ = try SafetensorsFile(file)
      }
      #expect(problem != nil, "\(changed.count) of \(whole.count) bytes")
    }
  }

  static let lies: [(String, String)] = [
    (
      "overlap",
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#
    ),
    (
      "gap",
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#
    ),
    ("offsets turned round", #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[12,0]}}"#),
    ("a negative offset", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[-4,12]}}"#),
    ("three offsets", #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,4,12]}}"#),
    (
      "outside the file",
      #"{"a":{"dtype":"F32","shape":[2305843009213693951],"data_offsets":[0,9223372036854775804]}}"#
    ),
    (
      "a shape that overflows",
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,12]}}"#
    ),
    ("a shape of another size", #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}"#),
    ("a negative dimension", #"{"a":{"dtype":"F32","shape":[-1,-3],"data_offsets":[0,12]}}"#),
    ("a number too large", #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,1e99]}}"#),
    ("an unknown type", #"{"a":{"dtype":"F3","shape":[3],"data_offsets":[0,12]}}"#),
    ("no shape", #"{"a":{"dtype":"F32","data_offsets":[0,12]}}"#),
    ("a list", "[]"),
    ("no JSON", "{"),
    ("nothing", ""),
    ("nothing about the bytes", "{}"),
  ]

  @Test(arguments: lies)
  func `a header that lies is refused`(name: String, header: String) throws {
    #expect(throws: ModelFileError.self) {
      try open(header, [UInt8](repeating: 0, count: 12))
    }
  }

  @Test(arguments: [UInt64.max, 1 << 63, 200_000_000])
  func `a header length beyond the file is refused`(length: UInt64) throws {
    let folder = try TemporaryFolder()
    var writer = ByteWriter()
    writer.append(length)
    writer.append(bytes: "{}".utf8)
    try write(writer.bytes, to: folder.file("a"))
    let path = folder.file("a")
    #expect(
      throws: ModelFileError.tooMany(file: path, what: "header bytes", claimed: length, roomFor: 2)
    ) { try SafetensorsFile(path: path) }
  }

  @Test func `a deeply nested header is refused`() throws {
    let nested = String(repeating: "{\"a\":", count: 100_000)
    #expect(throws: ModelFileError.self) { try open(nested, []) }
  }

  @Test(.enabled(if: Shared.isPresent), arguments: ["llama", "llama-tied", "mistral", "qwen2"])
  func `real files open, and their tensors are where they belong`(name: String) throws {
    let file = try SafetensorsFile(path: Shared.path("fixtures/\(name)/model.safetensors"))
    #expect(file.notes["format"] == "pt")
    let norm = try #require(file.tensor("model.norm.weight"))
    // The norms were drawn around 1 with a deviation of 0.1.
    let values = try file.floats(of: norm, rows: 0..<1)
    #expect(values.count == 64)
    #expect(values.allSatisfy { abs($0 - 1) < 0.6 })
    let embedding = try #require(file.tensor("model.embed_tokens.weight"))
    #expect((embedding.rows, embedding.columns) == (469, 64))
  }

  private func open(_ header: String, _ data: [UInt8]) throws -> (TemporaryFolder, SafetensorsFile)
  {
    let folder = try TemporaryFolder()
    var writer = ByteWriter()
    writer.append(UInt64(header.utf8.count))
    writer.append(bytes: header.utf8)
    writer.append(bytes: data)
    try write(writer.bytes, to: folder.file("a"))
    return (folder, try SafetensorsFile(path: folder.file("a")))
  }

  private func writeSample(to path: String) throws {
    var writer = try SafetensorsWriter(
      path: path, tensors: [("second", [1]), ("first/\"quoted\"", [2, 3]), ("number", [])])
    try writer.append([7])
    try writer.append([1, 2])
    try writer.append([3, 4, 5, 6])
    try writer.append([8])
    try writer.commit()
  }
}
