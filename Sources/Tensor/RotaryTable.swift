import CKernels
import Glibc
import Synchronization

/// Cosines and sines of the angles by which rotary embedding turns pairs of a head's entries.
///
///     angle[p, i] = p / base^(2i / headSize) / frequencyFactors[i]
///
/// They are computed where they are first asked for, a block of positions at a time, and kept.
public final class RotaryTable: Sendable {
  public let headSize: Int
  public let positions: Int
  /// Radians per position, one for each pair.
  private let frequencies: [Double]
  private let known = Mutex<[Block]>([])

  /// The angles of ``blockPositions`` positions: cosines, sines [positions, headSize / 2].
  struct Block: Sendable {
    let cosines: Matrix
    let sines: Matrix
  }

  static let blockPositions = 256

  public init(headSize: Int, positions: Int, base: Float, frequencyFactors: [Float]? = nil) {
    let half = headSize / 2
    precondition(headSize % 2 == 0, "a head of \(headSize) entries has no pairs")
    precondition(
      frequencyFactors.map { $0.count == half } ?? true, "frequency factors are one per pair")
    self.headSize = headSize
    self.positions = positions
    frequencies = (0..<half).map { i in
      let factor = frequencyFactors.map { Double($0[i]) } ?? 1
      return pow(Double(base), -2 * Double(i) / Double(headSize)) / factor
    }
  }

  /// All blocks up to the one that holds the position `last`.
  func blocks(through last: Int) -> [Block] {
    known.withLock { blocks in
      while blocks.count * Self.blockPositions <= last {
        blocks.append(block(from: blocks.count * Self.blockPositions))
      }
      return blocks
    }
  }

  private func block(from start: Int) -> Block {
    let block = Block(
      cosines: Matrix(rows: Self.blockPositions, columns: frequencies.count),
      sines: Matrix(rows: Self.blockPositions, columns: frequencies.count))
    for row in 0..<Self.blockPositions {
      for (i, frequency) in frequencies.enumerated() {
        let angle = Double(start + row) * frequency
        block.cosines[row, i] = Float(cos(angle))
        block.sines[row, i] = Float(sin(angle))
      }
    }
    return block
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
    let blocks = table.blocks(through: Int(positions.max() ?? 0))
    workers.share(x.rows, by: Stripes.rows(of: x.columns)) { rows in
      for row in rows {
        let (block, place) = Int(positions[row]).quotientAndRemainder(
          dividingBy: RotaryTable.blockPositions)
        unsafe ck_rotate(
          x.at(row), x.columns / headSize, headSize / 2, blocks[block].cosines.at(place),
          blocks[block].sines.at(place), inverse ? -1 : 1)
      }
    }
  }
}
