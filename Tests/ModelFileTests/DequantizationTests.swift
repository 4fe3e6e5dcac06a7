import Bytes
import Foundation
import ModelFile
import TestSupport
import Testing

/// Blocks of pseudo-random bytes, and what gguf-py 0.19 (`gguf.quants.dequantize`) makes of them;
/// `tools/golden/make_dequantized.py` prints the table.
struct QuantizedSample: CustomTestStringConvertible {
  let type: ElementType
  /// Where the block holds float16 numbers, which are kept small.
  let halves: [Int]
  let digest: String

  var testDescription: String { type.name }

  var blocks: [UInt8] {
    var state: UInt64 = 42
    var bytes: [UInt8] = []
    for _ in 0..<64 {
      var block = (0..<type.blockBytes).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(state >> 56)
      }
      for half in halves { block[half + 1] = block[half + 1] & 0x83 | 0x2c }
      bytes += block
    }
    return bytes
  }
}

struct DequantizationTests {
  static let samples = [
    QuantizedSample(
      type: .q4_0, halves: [0],
      digest: "710e51b25dd2eb2499a54c6f0f8cfaa7f32ce7ee1260e260faadcf1d4a1887c8"),
    QuantizedSample(
      type: .q4_1, halves: [0, 2],
      digest: "e194ae3f8f62cea048a00497bc6aaf953d8877468b660a53e45f20938dbe4078"),
    QuantizedSample(
      type: .q5_0, halves: [0],
      digest: "59b69d7ce52e4ae3713861f84ba0f4de1499b0051ddb7c6847e3d05bdfbc7d01"),
    QuantizedSample(
      type: .q5_1, halves: [0, 2],
      digest: "7eeb7bc574e81b8390c756296d9efd54a8319b6babe264588d5e07d845341468"),
    QuantizedSample(
      type: .q8_0, halves: [0],
      digest: "1bf7e8919cb7c4e997899ba3c502a92eeb55cf16c7caee175b458f898659090f"),
    QuantizedSample(
      type: .q2_K, halves: [80, 82],
      digest: "86d25414fb3cfeea2abd839152cbd6218dc41642f3645ea530f1ab14a2298024"),
    QuantizedSample(
      type: .q3_K, halves: [108],
      digest: "dc30548aa2008661ff1c8d1778fe5307dd69b2062b38f0e134ce0ac85d419a6f"),
    QuantizedSample(
      type: .q4_K, halves: [0, 2],
      digest: "b234431360b27b7863de3df04151519cd1e4df7f649df8d1b30bf94ea3d129ee"),
    QuantizedSample(
      type: .q5_K, halves: [0, 2],
      digest: "635d203167379da6ad9fdda76cd87f8ff6d3726d65f445b7472cce35ddaa60e5"),
    QuantizedSample(
      type: .q6_K, halves: [208],
      digest: "c50511fd1dc2f2857d2e0606121d51eb312d525ad3bbedc80e5780439bdc5455"),
  ]

  @Test(arguments: samples)
  func `blocks mean what the reference program says`(sample: QuantizedSample) throws {
    let columns = 16 * sample.type.blockCount
    let file = try gguf(sample.blocks, type: sample.type, dimensions: [columns, 4])
    let tensor = try #require(file.tensor("t"))
    let floats = file.floats(of: tensor, rows: 0..<4)
    #expect(sha256(floats: floats) == sample.digest)
    #expect(file.floats(of: tensor, rows: 2..<3) == Array(floats[2 * columns..<3 * columns]))
  }

  /// Bits and the number they mean, by IEEE 754.
  @Test(
    arguments: [
      (0x0000, 0), (0x8000, -0.0), (0x3C00, 1), (0xC000, -2), (0x0001, 0x1p-24),
      (0x03FF, 0x1.FF8p-15), (0x0400, 0x1p-14), (0x7BFF, 65504), (0x7C00, .infinity),
      (0xFC00, -.infinity), (0x3555, 0x1.554p-2),
    ] as [(UInt16, Float)])
  func `float16 is read exactly`(bits: UInt16, value: Float) throws {
    let read = try single(bits, type: .f16)
    #expect(read == value && read.sign == value.sign)
  }

  @Test(
    arguments: [
      (0x0000, 0), (0x8000, -0.0), (0x3F80, 1), (0xC000, -2), (0x0001, 0x1p-133),
      (0x7F80, .infinity),
      (0x7F7F, 0x1.FEp127),
    ] as [(UInt16, Float)])
  func `bfloat16 is read exactly`(bits: UInt16, value: Float) throws {
    let read = try single(bits, type: .bf16)
    #expect(read == value && read.sign == value.sign)
  }

  @Test(arguments: [(0x7E01, .f16), (0x7FC1, .bf16)] as [(UInt16, ElementType)])
  func `not a number stays so`(bits: UInt16, type: ElementType) throws {
    #expect(try single(bits, type: type).isNaN)
  }

  private func single(_ bits: UInt16, type: ElementType) throws -> Float {
    let file = try gguf([UInt8(bits & 255), UInt8(bits >> 8)], type: type, dimensions: [1])
    let tensor = try #require(file.tensor("t"))
    return try #require(file.floats(of: tensor, rows: 0..<1).first)
  }

  private func gguf(
    _ bytes: [UInt8], type: ElementType, dimensions: [Int]
  ) throws -> GGUFFile {
    let folder = try TemporaryFolder()
    var writer = try GGUFWriter(
      path: folder.file("a.gguf"), metadata: Metadata(),
      tensors: [GGUFTensorShape(name: "t", dimensions: dimensions, type: type)])
    try writer.append(bytes)
    try writer.commit()
    return try GGUFFile(path: folder.file("a.gguf"))
  }
}
