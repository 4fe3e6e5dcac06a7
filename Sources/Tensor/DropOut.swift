extension Rowwise {
  /// y[t, i] = 0 with probability `rate`, else x[t, i] / (1 − rate)       x, y [T, D]; y may be x
  ///
  /// Which values become 0 follows from keys[t], a random number, and i alone. The rate counts in
  /// steps of 2⁻¹⁶.
  public static func dropOut(
    _ x: Matrix, into y: Matrix, rate: Float, keys: [UInt64], on workers: Workers
  ) {
    y.requireShape(x.rows, x.columns, "y")
    precondition(rate >= 0 && rate < 1, "a rate of \(rate)")
    precondition(keys.count == x.rows, "\(keys.count) keys for \(x.rows) rows")
    let bound = UInt64((rate * 65536).rounded())
    workers.share(x.rows, by: Stripes.rows(of: x.columns)) { rows in
      for row in rows {
        unsafe dropOut(
          x.at(row), x.columns, key: keys[row], bound: bound, scale: 1 / (1 - rate), into: y.at(row)
        )
      }
    }
  }

  /// Four values for each 64 random bits, the finaliser of SplitMix64 over a counter.
  private static func dropOut(
    _ x: UnsafePointer<Float>, _ count: Int, key: UInt64, bound: UInt64, scale: Float,
    into y: UnsafeMutablePointer<Float>
  ) {
    for first in stride(from: 0, to: count, by: 4) {
      var z = key &+ UInt64(first / 4 + 1) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      for index in first..<min(first + 4, count) {
        let value = unsafe x[index]
        unsafe y[index] = z & 0xFFFF < bound ? 0 : value * scale
        z >>= 16
      }
    }
  }
}
