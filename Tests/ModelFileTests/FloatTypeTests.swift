import ModelFile
import TestSupport
import Testing

struct FloatTypeTests {
  /// Numbers and their bits, by IEEE 754; ties go to the even number.
  @Test(
    arguments: [
      (1, 0x3C00), (-2, 0xC000), (65504, 0x7BFF), (0x1p-24, 0x0001), (0x1p-26, 0x0000),
      (1 + 0x1p-11, 0x3C00), (1 + 0x3p-11, 0x3C02), (1 + 0x1.8p-10, 0x3C02), (-0.0, 0x8000),
    ] as [(Float, UInt16)])
  func `float16 is rounded to the nearest`(number: Float, bits: UInt16) {
    #expect(FloatType.f16.bytes(of: [number]) == [UInt8(bits & 255), UInt8(bits >> 8)])
  }

  @Test(
    arguments: [
      (1, 0x3F80), (-2, 0xC000), (1 + 0x1p-8, 0x3F80), (1 + 0x3p-8, 0x3F82),
      (1 + 0x1.8p-8, 0x3F81), (-0.0, 0x8000), (0x1.FEp127, 0x7F7F), (.infinity, 0x7F80),
    ] as [(Float, UInt16)])
  func `bfloat16 is rounded to the nearest`(number: Float, bits: UInt16) {
    #expect(FloatType.bf16.bytes(of: [number]) == [UInt8(bits & 255), UInt8(bits >> 8)])
  }

  @Test func `not a number stays so`() {
    let quiet = FloatType.bf16.bytes(of: [Float(bitPattern: 0x7F80_0001)])
    #expect(quiet == [0xC0, 0x7F])
  }

  @Test(arguments: FloatType.allCases)
  func `what is written is read again`(type: FloatType) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.safetensors")
    var writer = try SafetensorsWriter(
      path: path, tensors: [("a", [2]), ("b", [1, 3])], type: type)
    try writer.append([0.5, -2])
    try writer.append([1, 2, 96])
    try writer.commit()
    let file = try SafetensorsFile(path: path)
    let tensor = try #require(file.tensor("b"))
    #expect(tensor.type == type.rawValue.uppercased())
    #expect(try file.floats(of: tensor, rows: 0..<1) == [1, 2, 96])
  }
}
