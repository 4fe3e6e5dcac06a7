// The functions are called as the formats are.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Bytes

/// Turns stored numbers into float32, block by block, with the arithmetic of ggml.
///
/// In all formats d is the scale and m the smallest value of a block, as float16; in blocks of 32
/// the low halves of the 16 code bytes are the numbers 0 to 15 and the high halves 16 to 31.
enum Dequantization {
  /// - Precondition: `source` holds whole blocks.
  static func floats(_ source: RawSpan, type: ElementType) -> [Float] {
    let blocks = source.byteCount / type.blockBytes
    precondition(blocks * type.blockBytes == source.byteCount, "a part of a \(type.name) block")
    var result = [Float](repeating: 0, count: blocks * type.blockCount)
    var target = result.mutableSpan
    for index in 0..<blocks {
      let start = index * type.blockBytes
      let block = Block(source.extracting(start..<start + type.blockBytes))
      fill(&target, from: index * type.blockCount, block, type)
    }
    return result
  }

  private static func fill(
    _ target: inout MutableSpan<Float>, from start: Int, _ block: Block, _ type: ElementType
  ) {
    switch type {
    case .f32: target[start] = Float(bitPattern: block.word(0))
    case .f16: target[start] = block.half(0)
    case .bf16: target[start] = Float(bitPattern: UInt32(block.short(0)) << 16)
    case .q8_0: q8_0(&target, start, block)
    case .q4_0: q4_0(&target, start, block)
    case .q4_1: q4_1(&target, start, block)
    case .q5_0: q5_0(&target, start, block)
    case .q5_1: q5_1(&target, start, block)
    case .q2_K: q2_K(&target, start, block)
    case .q3_K: q3_K(&target, start, block)
    case .q4_K: q4_K(&target, start, block)
    case .q5_K: q5_K(&target, start, block)
    case .q6_K: q6_K(&target, start, block)
    }
  }

  /// d | 32 signed codes
  private static func q8_0(_ target: inout MutableSpan<Float>, _ start: Int, _ block: Block) {
    let d = block.half(0)
    for i in 0..<32 { target[start + i] = Float(block.signed(2 + i)) * d }
  }

  /// d | 16 bytes of 4-bit codes
  private static func q4_0(_ target: inout MutableSpan<Float>, _ start: Int, _ block: Block) {
    let d = block.half(0)
    for i in 0..<16 {
      let pair = block.byte(2 + i)
      target[start + i] = Float(Int(pair & 15) - 8) * d
      target[start + 16 + i] = Float(Int(pair >> 4) - 8) * d
    }
  }

  /// d | m | 16 bytes of 4-bit codes
  private static func q4_1(_ target: inout MutableSpan<Float>, _ start: Int, _ block: Block) {
    let d = block.half(0)
    let m = block.half(2)
    for i in 0..<16 {
      let pair = block.byte(4 + i)
      target[start + i] = Float(pair & 15) * d + m
      target[start + 16 + i] = Float(pair >> 4) * d + m
    }
  }

  /// d | 32 fifth bits | 16 bytes of low 4 bits
  private static func q5_0(_ target: inout MutableSpan<Float>, _ start: Int, _ block: Block) {
    let d = block.half(0)
    for i in 0..<16 {
      let (low, high) = fiveBits(block, at: 2, i)
      target[start + i] = Float(low - 16) * d
      target[start + 16 + i] = Float(high - 16) * d
    }
  }

  /// d | m | 32 fifth bits | 16 bytes of low 4 bits
  private static func q5_1(_ target: inout MutableSpan<Float>, _ start: Int, _ block: Block) {
    let d = block.half(0)
    let m = block.half(2)
    for i in 0..<16 {
      let (low, high) = fiveBits(block, at: 4, i)
      target[start + i] = Float(low) * d + m
      target[start + 16 + i] = Float(high) * d + m
    }
  }

  /// The codes `i` and `i + 16` of a block whose fifth bits are at `place`, before the others.
  private static func fiveBits(_ block: Block, at place: Int, _ i: Int) -> (Int, Int) {
    let fifth = block.word(place)
    let pair = block.byte(place + 4 + i)
    let low = Int(pair & 15) | Int((fifth >> UInt32(i)) & 1) << 4
    let high = Int(pair >> 4) | Int(fifth >> UInt32(i + 16) & 1) << 4
    return (low, high)
  }
}

/// The formats with 256 numbers to a block, in parts with scales of their own.
extension Dequantization {
  /// 16 pairs of 4 bits: scale, and above it smallest value | 64 bytes of 2-bit codes | d | m;
  /// 16 parts of 16
  fileprivate static func q2_K(
    _ target: inout MutableSpan<Float>, _ start: Int, _ block: Block
  ) {
    let (d, m) = (block.half(80), block.half(82))
    for i in 0..<256 {
      let pair = block.byte(i / 16)
      let code = twoBits(block, at: 16, i)
      target[start + i] = d * Float(pair & 15) * Float(code) - m * Float(pair >> 4)
    }
  }

  /// 32 bytes of third bits, where a zero means 4 less | 64 bytes of low 2 bits | 12 bytes of
  /// scales | d; 16 parts of 16
  fileprivate static func q3_K(
    _ target: inout MutableSpan<Float>, _ start: Int, _ block: Block
  ) {
    let d = block.half(108)
    for i in 0..<256 {
      let third = block.byte(i % 32) >> UInt8(i / 32) & 1
      let code = Int(twoBits(block, at: 32, i)) - (third == 1 ? 0 : 4)
      target[start + i] = d * Float(sixBitScale(block, i / 16) - 32) * Float(code)
    }
  }

  /// The code of number `i`: each half of a block has 32 bytes, whose bits in turn are the codes of
  /// four runs of 32 numbers.
  private static func twoBits(_ block: Block, at place: Int, _ i: Int) -> UInt8 {
    block.byte(place + i / 128 * 32 + i % 32) >> UInt8(i % 128 / 32 * 2) & 3
  }

  /// Low 4 bits of 16 scales in 8 bytes, the last eight above the first; then high 2 bits in 4.
  private static func sixBitScale(_ block: Block, _ part: Int) -> Int {
    let pair = block.byte(96 + part % 8)
    let low = part < 8 ? pair & 15 : pair >> 4
    let high = block.byte(104 + part % 4) >> UInt8(part / 4 * 2) & 3
    return Int(low | high << 4)
  }

  /// d | m | 12 bytes of scales | 128 bytes of 4-bit codes; 8 parts of 32
  fileprivate static func q4_K(
    _ target: inout MutableSpan<Float>, _ start: Int, _ block: Block
  ) {
    for part in 0..<8 {
      let (scale, smallest) = scaleAndSmallest(block, part)
      for i in 0..<32 {
        let pair = block.byte(16 + part / 2 * 32 + i)
        let code = part % 2 == 0 ? pair & 15 : pair >> 4
        target[start + part * 32 + i] = scale * Float(code) - smallest
      }
    }
  }

  /// d | m | 12 bytes of scales | 32 bytes, bit p of byte i is the fifth of number i of part p |
  /// 128 bytes of low 4 bits
  fileprivate static func q5_K(
    _ target: inout MutableSpan<Float>, _ start: Int, _ block: Block
  ) {
    for part in 0..<8 {
      let (scale, smallest) = scaleAndSmallest(block, part)
      for i in 0..<32 {
        let pair = block.byte(48 + part / 2 * 32 + i)
        let low = part % 2 == 0 ? pair & 15 : pair >> 4
        let fifth = block.byte(16 + i) >> UInt8(part) & 1
        target[start + part * 32 + i] = scale * Float(low | fifth << 4) - smallest
      }
    }
  }

  /// 128 bytes of low 4 bits | 64 bytes of high 2 bits | 16 signed scales | d; 16 parts of 16
  fileprivate static func q6_K(
    _ target: inout MutableSpan<Float>, _ start: Int, _ block: Block
  ) {
    let d = block.half(208)
    for i in 0..<256 {
      // Each half of the block has four runs of 32 numbers.
      let (half, run, column) = (i / 128, i % 128 / 32, i % 32)
      let pair = block.byte(half * 64 + run % 2 * 32 + column)
      let low = run < 2 ? pair & 15 : pair >> 4
      let high = block.byte(128 + half * 32 + column) >> UInt8(2 * run) & 3
      let scale = d * Float(block.signed(192 + i / 16))
      target[start + i] = scale * Float(Int(low | high << 4) - 32)
    }
  }

  /// Scale and smallest value of a part of 32; both factors are 6-bit numbers, of which the last
  /// four parts keep the upper two bits with the first four.
  private static func scaleAndSmallest(_ block: Block, _ part: Int) -> (Float, Float) {
    let scales = 4
    let factor: UInt8
    let offset: UInt8
    if part < 4 {
      factor = block.byte(scales + part) & 63
      offset = block.byte(scales + part + 4) & 63
    } else {
      let low = block.byte(scales + part + 4)
      factor = low & 15 | (block.byte(scales + part - 4) >> 6) << 4
      offset = low >> 4 | (block.byte(scales + part) >> 6) << 4
    }
    return (block.half(0) * Float(factor), block.half(2) * Float(offset))
  }
}

/// The bytes of one block.
private struct Block: ~Escapable {
  private let bytes: RawSpan

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) { self.bytes = bytes }

  func byte(_ place: Int) -> UInt8 { load(place) }
  func signed(_ place: Int) -> Int8 { load(place) }
  func short(_ place: Int) -> UInt16 { load(place) }
  func word(_ place: Int) -> UInt32 { load(place) }
  func half(_ place: Int) -> Float { Float(Float16(bitPattern: short(place))) }

  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ place: Int) -> T {
    T(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: place, as: T.self))
  }
}
