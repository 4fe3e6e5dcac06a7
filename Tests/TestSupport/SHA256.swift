/// SHA-256 (FIPS 180-4), for comparing with digests that stand in reference data.
public func sha256(_ message: some Sequence<UInt8>) -> String {
  var bytes = Array(message)
  let bitCount = UInt64(bytes.count) * 8
  bytes.append(0x80)
  while bytes.count % 64 != 56 { bytes.append(0) }
  for shift in stride(from: UInt64(56), through: 0, by: -8) {
    bytes.append(UInt8(truncatingIfNeeded: bitCount >> shift))
  }
  var state = SHA256Constants.start
  var words = [UInt32](repeating: 0, count: 64)
  for block in stride(from: 0, to: bytes.count, by: 64) {
    fill(&words, from: bytes, at: block)
    compress(&state, words)
  }
  return state.map { word in
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }.joined()
}

/// The digest of float32 numbers in little-endian order.
public func sha256(floats: [Float]) -> String {
  sha256(floats.withUnsafeBytes { [UInt8]($0) })
}

private func fill(_ words: inout [UInt32], from bytes: [UInt8], at block: Int) {
  for i in 0..<16 {
    words[i] = (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[block + 4 * i + $1]) }
  }
  for i in 16..<64 {
    let (a, b) = (words[i - 15], words[i - 2])
    let s0 = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3
    let s1 = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10
    words[i] = words[i - 16] &+ s0 &+ words[i - 7] &+ s1
  }
}

private func compress(_ state: inout [UInt32], _ words: [UInt32]) {
  var (a, b, c, d) = (state[0], state[1], state[2], state[3])
  var (e, f, g, h) = (state[4], state[5], state[6], state[7])
  for i in 0..<64 {
    let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    let t1 = h &+ s1 &+ (e & f ^ ~e & g) &+ SHA256Constants.rounds[i] &+ words[i]
    let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    let t2 = s0 &+ (a & b ^ a & c ^ b & c)
    (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
  }
  for (i, value) in [a, b, c, d, e, f, g, h].enumerated() { state[i] &+= value }
}

private func rotated(_ word: UInt32, _ by: UInt32) -> UInt32 { word >> by | word << (32 - by) }

/// The fractions of the square and cube roots of the first primes, as the standard says.
private enum SHA256Constants {
  static let primes: [Int] = (2...311).filter { n in
    !(2..<n).contains { $0 * $0 <= n && n % $0 == 0 }
  }

  static let start: [UInt32] = primes.prefix(8).map { fraction(Double($0).squareRoot()) }

  static let rounds: [UInt32] = primes.map { prime in
    // The cube root, as the largest whole number of 2^-32 whose cube does not exceed the prime.
    var root: UInt64 = 0
    for bit in stride(from: 34, through: 0, by: -1) {
      let candidate = root | 1 << UInt64(bit)
      if cube(candidate, isAtMost: UInt64(prime)) { root = candidate }
    }
    return UInt32(truncatingIfNeeded: root)
  }

  private static func fraction(_ value: Double) -> UInt32 {
    UInt32((value - value.rounded(.down)) * 4_294_967_296)
  }

  /// Whether (x / 2^32)³ ≤ limit.
  private static func cube(_ x: UInt64, isAtMost limit: UInt64) -> Bool {
    let wide = UInt128(x)
    let (square, squareOverflow) = wide.multipliedReportingOverflow(by: wide)
    let (result, overflow) = square.multipliedReportingOverflow(by: wide)
    return !squareOverflow && !overflow && result <= UInt128(limit) << 96
  }
}
