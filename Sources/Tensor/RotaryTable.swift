import CKernels
import Glibc

/// Cosines and sines of the angles by which rotary embedding turns pairs of a head's entries.
///
///     cosines, sines [positions, headSize / 2]
///     angle[p, i] = p / base^(2i / headSize) / frequencyFactors[i]
public struct RotaryTable: Sendable {
  public let headSize: Int
  public let positions: Int
  let cosines: Matrix
  let sines: Matrix

  public init(headSize: Int, positions: Int, base: Float, frequencyFactors: [Float]? = nil) {
    let half = headSize / 2
    precondition(headSize % 2 == 0, "a head of \(headSize) entries has no pairs")
    precondition(
      frequencyFactors.map { $0.count == half } ?? true, "frequency factors are one per pair")
    self.headSize = headSize
    self.positions = positions
    cosines = Matrix(rows: positions, columns: half)
    sines = Matrix(rows: positions, columns: half)
    for i in 0..<half {
      let factor = frequencyFactors.map { Double($0[i]) } ?? 1
      let frequency = pow(Double(base), -2 * Double(i) / Double(headSize)) / factor
      for position in 0..<positions {
        cosines[position, i] = Float(cos(Double(position) * frequency))
        sines[position, i] = Float(sin(Double(position) * frequency))
      }
    }
  }
}

extension Rowwise {
  /// Turns, in place, the pairs (i, i + headSize / 2) of every head of row t to positions[t], or
  /// back: `inverse` is also the gradient.
  ///
  ///     x [T, heads · headSize]
  public static func rotate(
    _ x: Matrix, headSize: Int, positions: [Int32], table: RotaryTable, inverse: Bool,
    on workers: Workers
  ) {
    precondition(headSize == table.headSize, "a table for heads of \(table.headSize)")
    precondition(x.columns % headSize == 0, "\(x.columns) columns are no heads of \(headSize)")
    precondition(positions.count == x.rows, "\(positions.count) positions for \(x.rows) rows")
    precondition(
      positions.allSatisfy { $0 >= 0 && $0 < table.positions },
      "a position is not below \(table.positions)")
    workers.share(x.rows, by: Stripes.rows(of: x.columns)) { rows in
      for row in rows {
        let position = Int(positions[row])
        unsafe ck_rotate(
          x.at(row), x.columns / headSize, headSize / 2, table.cosines.at(position),
          table.sines.at(position), inverse ? -1 : 1)
      }
    }
  }
}
