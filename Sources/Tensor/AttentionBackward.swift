import CKernels

extension Attention {
  /// Adds the gradients to dq [T, H · d], dk and dv [T, G · d].
  ///
  /// `out` and `logSums` are what `forward` left. A unit of work is one key head of one tree, so
  /// that gradients into a shared prefix are summed up by one thread in the order of segments. Those
  /// into a stem each tree sums up by itself; they are added in the order of trees afterwards.
  public static func backward(
    q: Matrix, k: Matrix, v: Matrix, out: Matrix, logSums: Matrix, dOut: Matrix, headSize: Int,
    segments: [AttentionSegment], window: Int?, dq: Matrix, dk: Matrix, dv: Matrix,
    on workers: Workers
  ) {
    let heads = Heads(size: headSize, queryWidth: q.columns, keyWidth: k.columns, window: window)
    heads.requireShapes(q: q, k: k, v: v, segments)
    for (matrix, name) in [(out, "out" as StaticString), (dOut, "dOut"), (dq, "dq")] {
      matrix.requireShape(q.rows, q.columns, name)
    }
    logSums.requireShape(q.rows, heads.queries, "logSums")
    dk.requireShape(k.rows, k.columns, "dk")
    dv.requireShape(v.rows, v.columns, "dv")
    let pass = BackwardPass(
      heads: heads, q: q, k: k, v: v, out: out, logSums: logSums, dOut: dOut, dq: dq, dk: dk,
      dv: dv)
    let trees = trees(of: segments)
    let stems = trees.map { tree in
      (0..<heads.groups).map { _ in tree.first?.stem.map { StemGradient($0, heads: heads) } }
    }
    workers.run(trees.count * heads.groups) { unit in
      let (tree, group) = (unit / heads.groups, unit % heads.groups)
      for segment in trees[tree] { pass.run(segment, group: group, stem: stems[tree][group]) }
    }
    workers.run(heads.groups) { group in
      for stem in stems { stem[group]?.add(dk: dk, dv: dv, group: group, size: heads.size) }
    }
  }

  private static func trees(of segments: [AttentionSegment]) -> [ArraySlice<AttentionSegment>] {
    var trees: [ArraySlice<AttentionSegment>] = []
    var first = 0
    for index in segments.indices {
      let next = index + 1
      guard next == segments.count || segments[next].tree != segments[index].tree else { continue }
      trees.append(segments[first..<next])
      first = next
    }
    return trees
  }
}

private struct BackwardPass: Sendable {
  let heads: Heads
  let q: Matrix
  let k: Matrix
  let v: Matrix
  let out: Matrix
  let logSums: Matrix
  let dOut: Matrix
  let dq: Matrix
  let dk: Matrix
  let dv: Matrix

  /// All rows of a segment, for the query heads that share one key head.
  func run(_ segment: AttentionSegment, group: Int, stem: StemGradient?) {
    let (first, size) = (segment.rows.lowerBound, heads.size)
    let tokens = SegmentTokens(segment, upTo: segment.rows.upperBound)
    let scratch = HeadScratch(tokens, k: k, v: v, group: group, heads: heads)
    let (head, column) = (group * heads.shared, group * heads.shared * size)
    var (place, shape) = unsafe (
      ck_attention_back(
        q: q.at(first, column), out: out.at(first, column), d_out: dOut.at(first, column),
        log_sums: logSums.at(first, head), row_stride: q.columns, log_stride: logSums.columns,
        key_blocks: scratch.keyBlocks.floats, value_blocks: scratch.valueBlocks.floats,
        key_rows: scratch.keyRows.floats, dq: dq.at(first, column), dk: scratch.dk.floats,
        dv: scratch.dv.floats),
      heads.shape(rows: segment.rows.count, end: tokens.end(ofRow: first))
    )
    unsafe ck_attention_rows_backward(&place, &shape, scratch.scores.floats)
    tokens.add(scratch.dk, to: dk, stem: stem?.dk, head: group, size: size)
    tokens.add(scratch.dv, to: dv, stem: stem?.dv, head: group, size: size)
  }
}

/// What one key head of one tree adds to the gradients of its stem.
private struct StemGradient: Sendable {
  let dk: AlignedMemory
  let dv: AlignedMemory
  private let tokens: SegmentTokens

  init(_ rows: Range<Int>, heads: Heads) {
    tokens = SegmentTokens(AttentionSegment(rows: rows, tree: 0), upTo: rows.upperBound)
    let bytes = rows.count * Heads.padded(heads.size) * 4
    dk = AlignedMemory(byteCount: bytes, zeroed: true)
    dv = AlignedMemory(byteCount: bytes, zeroed: true)
  }

  func add(dk: Matrix, dv: Matrix, group: Int, size: Int) {
    tokens.add(self.dk, to: dk, stem: nil, head: group, size: size)
    tokens.add(self.dv, to: dv, stem: nil, head: group, size: size)
  }
}

/// What the backward pass of one key head of one segment works on.
private struct HeadScratch {
  let keyBlocks: AlignedMemory
  let valueBlocks: AlignedMemory
  let keyRows: AlignedMemory
  let scores: AlignedMemory
  /// The gradients of keys and values of all tokens.
  let dk: AlignedMemory
  let dv: AlignedMemory

  init(_ tokens: SegmentTokens, k: Matrix, v: Matrix, group: Int, heads: Heads) {
    let padded = Heads.padded(heads.size)
    keyBlocks = tokens.blocks(of: k, head: group, size: heads.size)
    valueBlocks = tokens.blocks(of: v, head: group, size: heads.size)
    keyRows = tokens.rows(of: k, head: group, size: heads.size)
    scores = Heads.scores(tokens: tokens.count, perQuery: 2)
    dk = AlignedMemory(byteCount: tokens.count * padded * 4, zeroed: true)
    dv = AlignedMemory(byteCount: tokens.count * padded * 4, zeroed: true)
  }
}
