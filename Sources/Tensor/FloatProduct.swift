import CKernels
import COpenBLAS

/// Float products by BLAS. Each call into BLAS runs in one thread on a stripe of the result that
/// depends on shapes alone, so that results do not depend on the number of threads.
public enum FloatProduct {
  /// What OpenBLAS computes for, such as `SKYLAKEX`; `none` where the library is missing and a
  /// plain loop stands in for it.
  public static var coreName: String { unsafe String(cString: cob_core_name()) }

  /// c[m, n] = beta · c[m, n] + scale · Σ_k a[m, k] · b[n, k]
  public static func addABT(
    _ a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, beta: Float = 1, on workers: Workers
  ) {
    precondition(a.columns == b.columns, "rows of \(a.columns) and \(b.columns) do not match")
    c.requireShape(a.rows, b.rows, "c")
    run(a, false, b, true, k: a.columns, into: c, scale: scale, beta: beta, on: workers)
  }

  /// c[m, n] = beta · c[m, n] + scale · Σ_k a[m, k] · b[k, n]
  public static func addAB(
    _ a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, beta: Float = 1, on workers: Workers
  ) {
    precondition(a.columns == b.rows, "\(a.columns) columns and \(b.rows) rows do not match")
    c.requireShape(a.rows, b.columns, "c")
    run(a, false, b, false, k: a.columns, into: c, scale: scale, beta: beta, on: workers)
  }

  /// c[m, n] = beta · c[m, n] + scale · Σ_k a[k, m] · b[k, n]
  public static func addATB(
    _ a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, beta: Float = 1, on workers: Workers
  ) {
    precondition(a.rows == b.rows, "\(a.rows) and \(b.rows) rows do not match")
    c.requireShape(a.columns, b.columns, "c")
    run(a, true, b, false, k: a.rows, into: c, scale: scale, beta: beta, on: workers)
  }

  /// y[t, n] += scale · Σ_k x[t, k] · b[k, n] with inference arithmetic: each row of y depends on
  /// its own row of x alone, bit for bit. For low-rank adapters while decoding.
  public static func addRowwiseAB(
    _ x: Matrix, _ b: Matrix, into y: Matrix, scale: Float, on workers: Workers
  ) {
    precondition(x.columns == b.rows, "\(x.columns) columns and \(b.rows) rows do not match")
    y.requireShape(x.rows, b.columns, "y")
    let height = max(8, ((1 << 17) / max(1, b.count)).roundedUp(to: 8))
    workers.share(x.rows, by: height) { rows in
      unsafe ck_outer_product(
        x.at(rows.lowerBound), x.columns, rows.count, b.at(0), b.columns, b.rows, b.columns,
        y.at(rows.lowerBound), y.columns, scale, 1)
    }
  }

  /// Cuts the longer side of c into stripes.
  private static func run(
    _ a: Matrix, _ aIsTransposed: Bool, _ b: Matrix, _ bIsTransposed: Bool, k: Int,
    into c: Matrix, scale: Float, beta: Float, on workers: Workers
  ) {
    let cutsRows = c.rows > c.columns
    let length = cutsRows ? c.rows : c.columns
    workers.share(length, by: Stripes.width(length)) { stripe in
      let rows = cutsRows ? stripe : 0..<c.rows
      let columns = cutsRows ? 0..<c.columns : stripe
      unsafe multiply(
        Operand(a, from: rows.lowerBound, isTransposed: aIsTransposed),
        Operand(b, from: columns.lowerBound, isTransposed: !bIsTransposed).turned,
        m: rows.count, n: columns.count, k: k, scale: scale, beta: beta,
        into: c.at(rows.lowerBound, columns.lowerBound), stride: c.columns)
    }
  }

  /// c = beta · c + scale · a · b, in this thread.
  static func multiply(
    _ a: Operand, _ b: Operand, m: Int, n: Int, k: Int, scale: Float, beta: Float,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    unsafe cob_sgemm(
      a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int32(m), Int32(n), Int32(k), scale,
      a.start, Int32(max(1, a.stride)), b.start, Int32(max(1, b.stride)), beta, c,
      Int32(max(1, stride)))
  }
}

/// One factor of a product, as BLAS wants it told: rows `stride` floats apart, to be read as they
/// are or transposed. Borrowed; it must not outlive what it points into.
@unsafe
struct Operand {
  let start: UnsafePointer<Float>
  let stride: Int
  var isTransposed = false

  init(_ start: UnsafePointer<Float>, stride: Int, isTransposed: Bool = false) {
    unsafe self.start = unsafe start
    unsafe self.stride = stride
    unsafe self.isTransposed = isTransposed
  }

  init(_ matrix: Matrix) { unsafe self.init(matrix.at(0), stride: matrix.columns) }

  /// The rows, or where it is read transposed the columns, from `first` on.
  init(_ matrix: Matrix, from first: Int, isTransposed: Bool) {
    let start = unsafe isTransposed ? matrix.at(0, first) : matrix.at(first)
    unsafe self.init(start, stride: matrix.columns, isTransposed: isTransposed)
  }

  var turned: Operand {
    unsafe Operand(start, stride: stride, isTransposed: !isTransposed)
  }
}
