import CKernels

/// The tokens that the rows of a segment see, in order: its stem, its prefix, then its own.
struct SegmentTokens {
  let count: Int
  private let segment: AttentionSegment
  /// Rows of the matrices, and the token that the first of them is.
  private let runs: [(rows: Range<Int>, token: Int)]

  /// - Parameter last: the row of the segment before which it is cut.
  init(_ segment: AttentionSegment, upTo last: Int) {
    self.segment = segment
    var runs: [(rows: Range<Int>, token: Int)] = []
    var token = 0
    for rows in segment.before + [segment.rows.lowerBound..<last] {
      runs.append((rows, token))
      token += rows.count
    }
    self.runs = runs
    count = token
  }

  /// How many tokens a row of the segment sees, itself included, without a window.
  func end(ofRow row: Int) -> Int {
    segment.before.reduce(row - segment.rows.lowerBound + 1) { $0 + $1.count }
  }

  /// One head's entries, transposed in blocks of 16 tokens.
  func blocks(of matrix: Matrix, head: Int, size: Int) -> AlignedMemory {
    let memory = AlignedMemory(byteCount: count.roundedUp(to: 16) * size * 4, zeroed: true)
    for run in runs where !run.rows.isEmpty {
      unsafe ck_attention_pack(
        matrix.at(run.rows.lowerBound, head * size), matrix.columns, run.rows.count, size,
        run.token, memory.floats)
    }
    return memory
  }

  /// One head's entries, row by row, each filled up with zeros to whole vectors.
  func rows(of matrix: Matrix, head: Int, size: Int) -> AlignedMemory {
    let width = Heads.padded(size)
    let memory = AlignedMemory(byteCount: count * width * 4, zeroed: true)
    forEachRow { row, token in
      unsafe (memory.floats + token * width).update(
        from: matrix.at(row, head * size), count: size)
    }
    return memory
  }

  /// Adds rows laid out as `rows(of:head:size:)` gives them back to where they came from; those of
  /// the stem, which come first, to `stem`.
  func add(
    _ gradient: AlignedMemory, to matrix: Matrix, stem: AlignedMemory?, head: Int, size: Int
  ) {
    let (width, stemTokens) = (Heads.padded(size), segment.stem?.count ?? 0)
    if let stem {
      unsafe ck_add_scaled(gradient.floats, stemTokens * width, 1, stem.floats)
    }
    forEachRow { row, token in
      guard token >= stemTokens else { return }
      unsafe ck_add_scaled(
        gradient.floats + token * width, size, 1, matrix.at(row, head * size))
    }
  }

  private func forEachRow(_ body: (_ row: Int, _ token: Int) -> Void) {
    for run in runs {
      for row in run.rows { body(row, run.token + row - run.rows.lowerBound) }
    }
  }
}
