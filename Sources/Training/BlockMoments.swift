internal import Foundation
internal import Tensor

/// The running means of one parameter's gradient and of its square, in two bytes a value instead of
/// eight: codes of 8 bits with one scale for 256 values.
///
///     mean    signed code · scale, rounded to the nearest
///     square  (unsigned code · scale)², rounded up, so that no step is divided by too little
struct BlockMoments: Sendable {
  private var meanCodes: [Int8]
  private var meanScales: [Float]
  private var rootCodes: [UInt8]
  private var rootScales: [Float]

  private static let block = 256

  init(count: Int) {
    let blocks = (count + Self.block - 1) / Self.block
    meanCodes = Array(repeating: 0, count: count)
    rootCodes = Array(repeating: 0, count: count)
    meanScales = Array(repeating: 0, count: blocks)
    rootScales = Array(repeating: 0, count: blocks)
  }

  func read(mean: Matrix, square: Matrix) {
    mean.withMutableValues { mean in
      for index in meanCodes.indices {
        mean[index] = Float(meanCodes[index]) * meanScales[index / Self.block]
      }
    }
    square.withMutableValues { square in
      for index in rootCodes.indices {
        let root = Float(rootCodes[index]) * rootScales[index / Self.block]
        square[index] = root * root
      }
    }
  }

  mutating func store(mean: Matrix, square: Matrix) {
    for first in stride(from: 0, to: meanCodes.count, by: Self.block) {
      let range = first..<min(first + Self.block, meanCodes.count)
      mean.withValues { storeMeans($0, range) }
      square.withValues { storeRoots($0, range) }
    }
  }

  private mutating func storeMeans(_ values: Span<Float>, _ range: Range<Int>) {
    var top: Float = 0
    for index in range { top = max(top, abs(values[index])) }
    let inverse = top > 0 ? 127 / top : 0
    for index in range {
      meanCodes[index] = Int8(max(-127, min(127, (values[index] * inverse).rounded())))
    }
    meanScales[range.lowerBound / Self.block] = top / 127
  }

  private mutating func storeRoots(_ values: Span<Float>, _ range: Range<Int>) {
    var top: Float = 0
    for index in range { top = max(top, values[index]) }
    let root = top.squareRoot()
    let inverse = root > 0 ? 255 / root : 0
    for index in range {
      rootCodes[index] = UInt8(min(255, (values[index].squareRoot() * inverse).rounded(.up)))
    }
    rootScales[range.lowerBound / Self.block] = root / 255
  }

  /// Codes and scales as whole floats, for a checkpoint; by name.
  var stored: [(name: String, matrix: Matrix)] {
    func row(_ values: [Float]) -> Matrix {
      Matrix(rows: 1, columns: values.count, values: values)
    }
    return [
      ("mean.codes", row(meanCodes.map { Float($0) })), ("mean.scales", row(meanScales)),
      ("root.codes", row(rootCodes.map { Float($0) })), ("root.scales", row(rootScales)),
    ]
  }

  /// Takes up what `stored` gave. Values that no code has are brought to the nearest.
  mutating func take(_ matrices: [Matrix]) {
    meanCodes = matrices[0].values.map { Int8(max(-127, min(127, $0))) }
    meanScales = matrices[1].values
    rootCodes = matrices[2].values.map { UInt8(max(0, min(255, $0))) }
    rootScales = matrices[3].values
  }
}
