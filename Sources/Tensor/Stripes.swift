/// How work is cut. Cuts depend on shapes alone, never on the number of threads, since a float
/// product's last bits may depend on them.
enum Stripes {
  /// Outputs of a BLAS call: wide enough that packing the other operand does not weigh, narrow
  /// enough that a small matrix gives work to several threads.
  static func width(_ count: Int) -> Int {
    count >= 1024 ? 256 : max(32, ((count + 3) / 4).roundedUp(to: 32))
  }

  /// Rows per unit of a row-by-row function: at least about 16,000 values.
  static func rows(of columns: Int) -> Int { max(1, 16384 / max(columns, 1)) }

  /// Values per unit where every value stands alone.
  static let values = 1 << 15

  /// Columns per unit where all rows are summed up.
  static let columns = 256
}
