import CKernels

/// A row of logits as weights: exp((logit − largest) / temperature), so that the likeliest token has
/// weight 1.
///
/// The same on every path and for any number of threads.
public struct TokenWeights: Sendable {
  private let memory: AlignedMemory
  /// Sums of `chunk` weights each.
  private let sums: [Float]
  private let total: Double
  private let count: Int

  private static let chunk = Int(CK_WEIGHT_CHUNK)

  /// - Parameter row: of `logits` [T, V].
  public init(_ logits: Matrix, row: Int, temperature: Float) {
    precondition(temperature > 0, "a temperature of \(temperature)")
    precondition(row >= 0 && row < logits.rows, "there is no row \(row) in \(logits.rows)")
    count = logits.columns
    memory = AlignedMemory(byteCount: count * MemoryLayout<Float>.stride, zeroed: false)
    var sums = [Float](repeating: 0, count: (count + Self.chunk - 1) / Self.chunk)
    total = unsafe ck_weights(logits.at(row), count, 1 / temperature, memory.floats, &sums)
    self.sums = sums
  }

  /// The token at which the running sum of weights passes `share` (0 ..< 1) of the total.
  public func draw(_ share: Float) -> Int32 {
    var rest = Double(share) * total
    var first = 0
    for sum in sums.dropLast() {
      guard rest >= Double(sum) else { break }
      rest -= Double(sum)
      first += Self.chunk
    }
    return draw(rest, from: first)
  }

  private func draw(_ rest: Double, from first: Int) -> Int32 {
    var (rest, chosen) = (rest, first)
    for index in first..<min(first + Self.chunk, count) {
      let weight = unsafe memory.floats[index]
      guard weight > 0 else { continue }
      chosen = index
      rest -= Double(weight)
      if rest < 0 { break }
    }
    return Int32(chosen)
  }

  /// The same among the tokens that pass top-k, top-p and min-p, likeliest first; equal ones go by
  /// token id, the higher first. Weights below 2⁻³² never pass.
  ///
  /// - Parameters:
  ///   - topK: only the k likeliest; 0 for all.
  ///   - topP: only the likeliest that together hold this share of the sum over what min-p and top-k
  ///     let pass.
  ///   - minP: only weights of at least this.
  public func draw(_ share: Float, topK: Int, topP: Float, minP: Float) -> Int32 {
    let passed = nucleus(topK: topK, topP: topP, minP: minP)
    var rest = Double(share) * passed.reduce(0) { $0 + Double($1.weight) }
    for token in passed {
      rest -= Double(token.weight)
      if rest < 0 { return token.id }
    }
    return passed.last?.id ?? 0
  }
}

extension TokenWeights {
  private struct Token {
    let weight: Float
    let id: Int32
  }

  private func nucleus(topK: Int, topP: Float, minP: Float) -> [Token] {
    let last = lastClass(topK: topK, topP: minP > 0 ? 1 : topP)
    var tokens: [Token] = []
    for index in 0..<count {
      let weight = unsafe memory.floats[index]
      if weight >= minP, ck_weight_class(weight) <= last {
        tokens.append(Token(weight: weight, id: Int32(index)))
      }
    }
    tokens.sort { ($0.weight, $0.id) > ($1.weight, $1.id) }
    if topK > 0 { tokens.removeLast(max(0, tokens.count - topK)) }
    guard topP < 1 else { return tokens }
    let total = topK > 0 || minP > 0 ? tokens.reduce(0) { $0 + Double($1.weight) } : self.total
    var sum = 0.0
    let enough = tokens.firstIndex { token in
      sum += Double(token.weight)
      return sum >= Double(topP) * total
    }
    return enough.map { Array(tokens[...$0]) } ?? tokens
  }

  /// The class of the smallest weights that can be wanted, so that only a few are sorted.
  private func lastClass(topK: Int, topP: Float) -> Int {
    let classes = Int(CK_WEIGHT_CLASSES)
    var counts = [UInt32](repeating: 0, count: classes)
    var masses = [Double](repeating: 0, count: classes)
    unsafe ck_count_weights(memory.floats, count, &counts, &masses)
    var (passed, mass) = (0, 0.0)
    for index in 0..<classes {
      passed += Int(counts[index])
      mass += masses[index]
      if topK > 0, passed >= topK { return index }
      if topP < 1, topK <= 0, mass >= Double(topP) * total { return index }
    }
    return classes - 1
  }
}

extension Rowwise {
  /// The column of the largest value in a row; the first of equals.
  public static func largest(in matrix: Matrix, row: Int) -> Int32 {
    precondition(row >= 0 && row < matrix.rows, "there is no row \(row) in \(matrix.rows)")
    return unsafe Int32(ck_index_of_largest(matrix.at(row), matrix.columns))
  }
}
