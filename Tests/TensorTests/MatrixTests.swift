import Tensor
import Testing

struct MatrixTests {
  @Test
  func `a new matrix is zero, also where memory was used before`() {
    for _ in 0..<20 {
      let matrix = Matrix(rows: 7, columns: 13)
      #expect(matrix.values == [Float](repeating: 0, count: 91))
      matrix.fill(3)
    }
  }

  @Test
  func `values stand row by row`() {
    let matrix = Matrix(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6])
    matrix[1, 0] = 7
    #expect(matrix.row(1) == [7, 5, 6])
    #expect(matrix[0, 2] == 3)
    #expect(matrix.withValues { $0[3] } == 7)
    matrix.withMutableValues { $0[5] = 9 }
    #expect(matrix.values == [1, 2, 3, 7, 5, 9])
  }

  @Test
  func `rows are copied, not shared`() {
    let source = Matrix(rows: 3, columns: 2, values: [1, 2, 3, 4, 5, 6])
    let target = Matrix(rows: 4, columns: 2)
    target.copyRows(1..<3, of: source, to: 2)
    let copy = target.copy()
    source.fill(0)
    target[3, 1] = 8
    #expect(copy.values == [0, 0, 0, 0, 3, 4, 5, 6])
  }

  @Test
  func `a matrix may have no rows or no columns`() {
    #expect(Matrix(rows: 0, columns: 5).values.isEmpty)
    #expect(Matrix(rows: 5, columns: 0).row(4).isEmpty)
  }
}
