/// Rows of floats, row-major, on a cache line's border, zero at birth unless said otherwise.
///
///     values [rows, columns]
///
/// A class: activations are shared by reference and freed when nobody refers to them.
///
/// `@unchecked Sendable`: operations read and write values from several threads, each its own part;
/// callers see to it that no two operations write the same matrix at the same time.
@safe
public final class Matrix: @unchecked Sendable {
  public let rows: Int
  public let columns: Int
  private let memory: AlignedMemory

  public var count: Int { rows * columns }

  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "no matrix has \(rows) rows of \(columns)")
    self.rows = rows
    self.columns = columns
    memory = AlignedMemory(byteCount: rows * columns * MemoryLayout<Float>.stride, zeroed: true)
  }

  /// Rows that will be overwritten in full before anyone reads them.
  public init(unsetRows rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "no matrix has \(rows) rows of \(columns)")
    self.rows = rows
    self.columns = columns
    memory = AlignedMemory(byteCount: rows * columns * MemoryLayout<Float>.stride, zeroed: false)
  }

  private init(rows: Int, columns: Int, memory: AlignedMemory) {
    self.rows = rows
    self.columns = columns
    self.memory = memory
  }

  public convenience init(rows: Int, columns: Int, values: [Float]) {
    precondition(
      values.count == rows * columns, "\(values.count) values do not fill [\(rows), \(columns)]")
    self.init(unsetRows: rows, columns: columns)
    unsafe start.update(from: values, count: count)
  }

  public subscript(row: Int, column: Int) -> Float {
    get { unsafe start[place(row, column)] }
    set { unsafe start[place(row, column)] = newValue }
  }

  private func place(_ row: Int, _ column: Int) -> Int {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns,
      "(\(row), \(column)) does not lie in [\(rows), \(columns)]")
    return row * columns + column
  }

  /// A copy of one row.
  public func row(_ row: Int) -> [Float] {
    precondition(row >= 0 && row < rows, "there is no row \(row) in \(rows)")
    return unsafe [Float](UnsafeBufferPointer(start: at(row), count: columns))
  }

  /// A copy of all values.
  public var values: [Float] { unsafe [Float](UnsafeBufferPointer(start: start, count: count)) }

  public func fill(_ value: Float) { unsafe start.update(repeating: value, count: count) }

  /// Copies rows of another matrix, or of this one, over the rows from `row` on.
  public func copyRows(_ source: Range<Int>, of other: Matrix, to row: Int) {
    precondition(columns == other.columns, "rows of \(other.columns) do not fit into \(columns)")
    precondition(
      source.lowerBound >= 0 && source.upperBound <= other.rows, "\(source) of \(other.rows) rows")
    precondition(
      row >= 0 && row + source.count <= rows, "\(source.count) rows at \(row) of \(rows)")
    unsafe at(row).update(from: other.at(source.lowerBound), count: source.count * columns)
  }

  /// A copy of some rows.
  public func picking(_ rows: [Int]) -> Matrix {
    let picked = Matrix(unsetRows: rows.count, columns: columns)
    for (index, row) in rows.enumerated() { picked.copyRows(row..<row + 1, of: self, to: index) }
    return picked
  }

  /// The same values as rows of another length; what is written to one is seen in the other.
  public func reshaped(rows: Int, columns: Int) -> Matrix {
    precondition(rows >= 0 && columns >= 0, "no matrix has \(rows) rows of \(columns)")
    precondition(
      rows * columns == count, "[\(self.rows), \(self.columns)] is not [\(rows), \(columns)]")
    return Matrix(rows: rows, columns: columns, memory: memory)
  }

  public func copy() -> Matrix {
    let copy = Matrix(unsetRows: rows, columns: columns)
    copy.copyRows(0..<rows, of: self, to: 0)
    return copy
  }

  /// A copy with rows and columns exchanged.
  public func transposed() -> Matrix {
    let turned = Matrix(unsetRows: columns, columns: rows)
    for row in 0..<rows {
      let (from, to) = unsafe (at(row), turned.at(0, row))
      for column in 0..<columns { unsafe to[column * rows] = from[column] }
    }
    return turned
  }

  /// Lends all values, row by row.
  public func withValues<R>(_ body: (Span<Float>) throws -> R) rethrows -> R {
    let buffer = unsafe UnsafeBufferPointer(start: start, count: count)
    return try unsafe body(buffer.span)
  }

  /// Lends all values, row by row, to be changed.
  public func withMutableValues<R>(_ body: (inout MutableSpan<Float>) throws -> R) rethrows -> R {
    let buffer = unsafe UnsafeMutableBufferPointer(start: start, count: count)
    var span = unsafe buffer.mutableSpan
    return try body(&span)
  }

  /// Lends the values to a kernel. The pointer must not outlive the call.
  @unsafe
  public func withUnsafeValues<R, E: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe body(UnsafeMutableBufferPointer(start: start, count: count))
  }

  private var start: UnsafeMutablePointer<Float> { unsafe memory.floats }

  /// For kernels, which trust that shapes were checked.
  func at(_ row: Int, _ column: Int = 0) -> UnsafeMutablePointer<Float> {
    unsafe memory.floats + (row * columns + column)
  }

  func requireShape(_ rows: Int, _ columns: Int, _ name: StaticString) {
    precondition(
      self.rows == rows && self.columns == columns,
      "\(name) is [\(self.rows), \(self.columns)], not [\(rows), \(columns)]")
  }
}
