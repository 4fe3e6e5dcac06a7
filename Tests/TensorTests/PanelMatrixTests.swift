import Bytes
import Foundation
import Tensor
import TestSupport
import Testing

struct PanelMatrixTests {
  /// ggml's rule, spelled out for one block.
  static func reference(_ x: [Float]) -> (scale: Float16, codes: [Int8]) {
    let d = x.reduce(0) { max($0, abs($1)) } / 127
    let inverse: Float = d == 0 ? 0 : 1 / d
    return (Float16(d), x.map { Int8(($0 * inverse).rounded(.toNearestOrAwayFromZero)) })
  }

  static func block(_ scale: Float16, _ codes: [Int8]) -> [UInt8] {
    [UInt8(scale.bitPattern & 255), UInt8(scale.bitPattern >> 8)]
      + codes.map { UInt8(bitPattern: $0) }
  }

  @Test(arguments: [1, 1e-3, 1e-6, 1e-9, 3e4, 0] as [Float])
  func `Q8_0 follows the rule for every magnitude`(magnitude: Float) {
    var numbers = Numbers(1)
    for _ in 0..<200 {
      let x = (0..<32).map { _ in numbers.next() * magnitude }
      let (scale, codes) = Self.reference(x)
      #expect(PanelMatrix.q8_0Blocks(quantizing: x) == Self.block(scale, codes))
    }
  }

  @Test
  func `halves are rounded away from zero`() {
    let x: [Float] =
      [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5] + [Float](repeating: 0, count: 24)
    let codes = PanelMatrix.q8_0Blocks(quantizing: x).dropFirst(2).map { Int8(bitPattern: $0) }
    #expect(Array(codes.prefix(8)) == [127, 1, 2, 3, -1, -2, -3, 127])
  }

  @Test(arguments: [1, 31, 32, 33, 64, 100])
  func `Q8_0 blocks come back from panels as they went in`(rows: Int) throws {
    var generator = SystemRandomNumberGenerator()
    let blocks = (0..<rows * 3 * 34).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let panels = PanelMatrix.panels(fromQ8_0: blocks, rows: rows, columns: 96)
    #expect(panels.count == PanelMatrix.byteCount(rows: rows, columns: 96))
    let matrix = try Self.mapped(panels, rows: rows, columns: 96)
    #expect(matrix.q8_0Blocks(rows: 0..<rows) == blocks)
    #expect(matrix.q8_0Blocks(rows: rows - 1..<rows) == Array(blocks.suffix(3 * 34)))
    #expect(matrix.panelBytes(0..<matrix.panelCount) == panels)
  }

  @Test
  func `the layout is the documented one`() throws {
    // Row 17 of 40, column 38: block 1, group 1, half 1, row 1 of it, third of its four columns.
    var values = [Float](repeating: 0, count: 40 * 64)
    values[17 * 64 + 38] = -1
    let matrix = PanelMatrix(quantizing: Matrix(rows: 40, columns: 64, values: values))
    let panel = matrix.panelBytes(0..<1)
    let block = 1088
    #expect(panel[block + 64 + 128 + 64 + 4 + 2] == 1)
    #expect(panel[block + 2 * 17] != 0)
    #expect(panel.filter { $0 == 1 }.count == 1)
  }

  @Test(arguments: [(5, 7), (32, 32), (40, 100), (65, 64)])
  func `floats are code times scale`(rows: Int, columns: Int) {
    var numbers = Numbers(2)
    let floats = numbers.matrix(rows, columns)
    let back = PanelMatrix(quantizing: floats).floats(rows: 0..<rows)
    for row in 0..<rows {
      for start in stride(from: 0, to: columns, by: 32) {
        let range = start..<min(start + 32, columns)
        let (scale, codes) = Self.reference(Array(floats.row(row)[range]))
        #expect(Array(back.row(row)[range]) == codes.map { Float(scale) * Float($0) })
      }
    }
  }

  @Test
  func `floats of a range are the rows asked for`() {
    var numbers = Numbers(3)
    let matrix = PanelMatrix(quantizing: numbers.matrix(70, 32))
    let all = matrix.floats(rows: 0..<70)
    #expect(matrix.floats(rows: 31..<66).values == (31..<66).flatMap { all.row($0) })
  }

  static func mapped(_ bytes: [UInt8], rows: Int, columns: Int) throws -> PanelMatrix {
    let folder = try TemporaryFolder()
    let path = folder.file("panels")
    // Three bytes in front: kernels must not count on aligned files.
    try Data([1, 2, 3] + bytes).write(to: URL(filePath: path))
    let file = try MappedFile(path: path)
    return PanelMatrix(
      rows: rows, columns: columns, mapped: MappedBytes(file, range: 3..<3 + bytes.count))
  }

  @Test
  func `mapped panels compute what owned ones do`() throws {
    var numbers = Numbers(4)
    let owned = PanelMatrix(quantizing: numbers.matrix(50, 96))
    let mapped = try Self.mapped(
      owned.panelBytes(0..<owned.panelCount), rows: 50, columns: 96)
    let x = numbers.matrix(3, 96)
    let (y, z) = (Matrix(rows: 3, columns: 50), Matrix(rows: 3, columns: 50))
    WeightMatrix.panels(owned).product(x, into: y, on: oneThread)
    WeightMatrix.panels(mapped).product(x, into: z, on: oneThread)
    #expect(bits(y) == bits(z))
  }
}
