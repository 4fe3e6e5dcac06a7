import CKernels

/// Rows of floats rounded to their upper 16 bits: half the memory, 8 bits of precision, the range of
/// floats.
public struct BFloat16Matrix: Sendable {
  public let rows: Int
  public let columns: Int
  private let memory: AlignedMemory

  /// Rounds to the nearest, ties to even.
  public init(rounding matrix: Matrix, on workers: Workers) {
    (rows, columns) = (matrix.rows, matrix.columns)
    memory = AlignedMemory(byteCount: matrix.count.roundedUp(to: 16) * 2, zeroed: false)
    let rounded = self
    workers.share(matrix.count, by: Stripes.values) { part in
      unsafe ck_round_to_bfloat(
        matrix.at(0, part.lowerBound), part.count, rounded.start + part.lowerBound)
    }
  }

  /// The same numbers as floats.
  public func floats(on workers: Workers) -> Matrix {
    let matrix = Matrix(unsetRows: rows, columns: columns)
    workers.share(matrix.count, by: Stripes.values) { part in
      unsafe ck_float_from_bfloat(
        start + part.lowerBound, part.count, matrix.at(0, part.lowerBound))
    }
    return matrix
  }

  private var start: UnsafeMutablePointer<UInt16> {
    unsafe memory.base.assumingMemoryBound(to: UInt16.self)
  }
}
