public import Bytes

/// float32 weights [rows, columns], row-major, borrowed from a mapped file or owned.
public struct DenseMatrix: Sendable {
  public let rows: Int
  public let columns: Int
  private let storage: Storage
  /// Where in the storage the first row lies.
  private var firstRow = 0

  private enum Storage {
    case mapped(MappedBytes)
    case owned(Matrix)
  }

  /// - Precondition: `mapped` holds rows · columns floats and starts on a float's border.
  public init(rows: Int, columns: Int, mapped: MappedBytes) {
    precondition(
      mapped.count == rows * columns * 4, "\(mapped.count) bytes are not [\(rows), \(columns)]")
    unsafe mapped.withUnsafeBytes { bytes in
      precondition(
        UInt(bitPattern: bytes.baseAddress) % 4 == 0,
        "float weights at byte \(mapped.range.lowerBound) of \(mapped.file.path)")
    }
    self.rows = rows
    self.columns = columns
    storage = .mapped(mapped)
  }

  public init(_ owned: Matrix) {
    rows = owned.rows
    columns = owned.columns
    storage = .owned(owned)
  }

  /// Rows of the same memory as a matrix of their own.
  func slice(rows range: Range<Int>) -> DenseMatrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "\(range) of \(rows) rows")
    return DenseMatrix(of: self, rows: range)
  }

  private init(of whole: DenseMatrix, rows range: Range<Int>) {
    rows = range.count
    columns = whole.columns
    storage = whole.storage
    firstRow = whole.firstRow + range.lowerBound
  }

  /// The weights themselves, if they are not in a file and no slice of others.
  public var owned: Matrix? {
    guard case .owned(let matrix) = storage, matrix.rows == rows else { return nil }
    return matrix
  }

  /// A copy of some rows.
  public func floats(rows range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "\(range) of \(rows) rows")
    let copy = Matrix(rows: range.count, columns: columns)
    unsafe withUnsafeFloats { weights in
      unsafe copy.at(0).update(from: weights + range.lowerBound * columns, count: copy.count)
    }
    return copy
  }

  func withUnsafeFloats<R>(_ body: (UnsafePointer<Float>) -> R) -> R {
    switch storage {
    case .owned(let matrix): return unsafe body(matrix.at(firstRow))
    case .mapped(let bytes):
      return unsafe bytes.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else {
          return unsafe body(AlignedMemory(byteCount: 0, zeroed: true).floats)
        }
        return unsafe body(base.assumingMemoryBound(to: Float.self) + firstRow * columns)
      }
    }
  }
}
