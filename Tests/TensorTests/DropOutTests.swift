import Tensor
import Testing

struct DropOutTests {
  private func dropped(_ x: Matrix, _ rate: Float, _ keys: [UInt64]) -> Matrix {
    let y = Matrix(rows: x.rows, columns: x.columns)
    Rowwise.dropOut(x, into: y, rate: rate, keys: keys, on: twoThreads)
    return y
  }

  @Test(arguments: [0.05, 0.5, 0.9] as [Float])
  func `as many values are left out as the rate says, and the sum stays`(rate: Float) {
    let ones = Matrix(rows: 40, columns: 1001)
    ones.fill(1)
    let y = dropped(ones, rate, (0..<40).map { UInt64($0 + 1) &* 0xD1B5_4A32_D192_ED03 })
    let zeros = Double(y.values.count { $0 == 0 }) / Double(y.count)
    // Six standard deviations.
    #expect(abs(zeros - Double(rate)) < 6 * (0.25 / Double(y.count)).squareRoot())
    #expect(y.values.allSatisfy { $0 == 0 || abs($0 * (1 - rate) - 1) < 1e-6 })
  }

  @Test func `a row's choice follows from its key alone`() {
    var numbers = Numbers(92)
    let x = numbers.matrix(3, 70)
    let y = dropped(x, 0.4, [7, 8, 7])
    let alone = Matrix(rows: 1, columns: 70, values: x.row(2))
    #expect(dropped(alone, 0.4, [7]).row(0) == y.row(2))
    func zeros(_ row: Int) -> [Bool] { y.row(row).map { $0 == 0 } }
    #expect(zeros(0) == zeros(2) && zeros(0) != zeros(1))
  }

  @Test func `a rate of nothing changes nothing`() {
    var numbers = Numbers(93)
    let x = numbers.matrix(4, 33)
    #expect(dropped(x, 0, [1, 2, 3, 4]).values == x.values)
  }
}
