import Tensor
import Testing

struct BFloat16MatrixTests {
  @Test(arguments: [1, 16, 37, 40_000])
  func `every number comes back as the nearest with eight bits`(count: Int) {
    var numbers = Numbers(91)
    let matrix = numbers.matrix(1, count)
    let found = BFloat16Matrix(rounding: matrix, on: twoThreads).floats(on: twoThreads)
    for (x, y) in zip(matrix.values, found.values) {
      #expect(y.bitPattern & 0xffff == 0)
      #expect(abs(x - y) <= x.magnitude.binade / 256)
    }
  }

  @Test func `ties go to even, and what is no finite number stays so`() {
    let values: [Float] = [
      1 + 0x1p-8, 1 + 0x3p-8, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude,
      Float(bitPattern: 0x7f80_0001), .leastNonzeroMagnitude,
    ]
    let matrix = Matrix(rows: 1, columns: values.count, values: values)
    let found = BFloat16Matrix(rounding: matrix, on: oneThread).floats(on: oneThread).values
    #expect(found[0] == 1 && found[1] == 1 + 0x1p-6)
    #expect(found[2].bitPattern == 0x8000_0000)
    #expect(found[3] == .infinity && found[4] == -.infinity && found[6] == .infinity)
    #expect(found[5].isNaN && found[7].isNaN && found[8] == 0)
  }
}
