import Foundation
import Tensor
import Testing

struct RotaryTableTests {
  @Test(arguments: [2, 8, 64], [false, true])
  func `pairs are turned by position over wavelength`(headSize: Int, hasFactors: Bool) {
    var numbers = Numbers(41)
    let half = headSize / 2
    let factors = (0..<half).map { 1 + Float($0) / 3 }
    let table = RotaryTable(
      headSize: headSize, positions: 3000, base: 10000, frequencyFactors: hasFactors ? factors : nil
    )
    let positions: [Int32] = [0, 1, 7, 2999]
    let x = numbers.matrix(4, 3 * headSize)
    let before = Exact(x)
    Rowwise.rotate(
      x, headSize: headSize, positions: positions, table: table, inverse: false, on: twoThreads)
    let expected = Exact(4, 3 * headSize) { t, column in
      let (head, i) = (column / headSize * headSize, column % headSize)
      let frequency = pow(10000, -2 * Double(i % half) / Double(headSize))
      let angle = Double(positions[t]) * frequency / (hasFactors ? Double(factors[i % half]) : 1)
      let (a, b) = (before[t, head + i % half], before[t, head + i % half + half])
      return i < half ? a * cos(angle) - b * sin(angle) : a * sin(angle) + b * cos(angle)
    }
    #expect(difference(x, expected) < 1e-6)
    Rowwise.rotate(
      x, headSize: headSize, positions: positions, table: table, inverse: true, on: oneThread)
    #expect(difference(x, before) < 1e-6)
  }
}
