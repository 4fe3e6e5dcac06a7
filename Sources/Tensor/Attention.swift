import CKernels

/// A run of rows of one sequence. With a prefix it continues after these rows: a prompt shared by
/// several answers.
public struct AttentionSegment: Hashable, Sendable {
  public var rows: Range<Int>
  public var prefix: Range<Int>?

  /// Segments that share a prefix, and the segment that is that prefix, are of one tree. A tree's
  /// segments are neighbours; gradients never cross from one tree to another.
  public var tree: Int

  public init(rows: Range<Int>, prefix: Range<Int>? = nil, tree: Int) {
    self.rows = rows
    self.prefix = prefix
    self.tree = tree
  }

  /// How many tokens stand before the segment's own.
  var prefixCount: Int { prefix?.count ?? 0 }
}

/// Causal attention of grouped queries, in float32.
///
/// H query heads of d entries share G key heads, H / G neighbours each:
///
///     q, out [T, H · d]    k, v [T, G · d]    scores are scaled by 1 / √d
public enum Attention {
  /// Attention within segments. `logSums` [T, H] keeps log Σ exp(scores) for `backward`.
  ///
  /// - Parameter window: a token sees itself and the `window` − 1 tokens before it; nil for all.
  public static func forward(
    q: Matrix, k: Matrix, v: Matrix, headSize: Int, segments: [AttentionSegment], window: Int?,
    into out: Matrix, logSums: Matrix, on workers: Workers
  ) {
    let heads = Heads(size: headSize, queryWidth: q.columns, keyWidth: k.columns, window: window)
    heads.requireShapes(q: q, k: k, v: v, segments)
    out.requireShape(q.rows, q.columns, "out")
    logSums.requireShape(q.rows, heads.queries, "logSums")
    let units = forwardUnits(segments, groups: heads.groups)
    workers.run(units.count) { index in
      let unit = units[index]
      let tokens = SegmentTokens(unit.segment, upTo: unit.rows.upperBound)
      let keys = tokens.blocks(of: k, head: unit.group, size: headSize)
      let values = tokens.rows(of: v, head: unit.group, size: headSize)
      let scores = heads.scratch(rows: heads.shared, tokens: tokens.count)
      for row in unit.rows {
        unsafe heads.attend(
          q.at(row), group: unit.group, keys: keys.floats, values: values.floats,
          end: tokens.end(ofRow: row), scores: scores.floats, into: out.at(row),
          logSums: logSums.at(row))
      }
    }
  }

  private struct ForwardUnit {
    let segment: AttentionSegment
    let group: Int
    let rows: Range<Int>
  }

  private static func forwardUnits(_ segments: [AttentionSegment], groups: Int) -> [ForwardUnit] {
    let rowsOfUnit = 256
    return segments.flatMap { segment in
      stride(from: segment.rows.lowerBound, to: segment.rows.upperBound, by: rowsOfUnit).flatMap {
        first in
        let rows = first..<min(first + rowsOfUnit, segment.rows.upperBound)
        return (0..<groups).map { ForwardUnit(segment: segment, group: $0, rows: rows) }
      }
    }
  }

  /// Attention over a cache, with the same arithmetic for each row as `forward`.
  ///
  /// Row t is the token at positions[t] of the sequence in slots[t]; the cache already holds its
  /// own key and value, and those of all positions before it.
  public static func cached(
    q: Matrix, cache: KeyValueCache, layer: Int, slots: [Int], positions: [Int32], window: Int?,
    into out: Matrix, on workers: Workers
  ) {
    let heads = Heads(
      size: cache.headSize, queryWidth: q.columns, keyWidth: cache.width, window: window)
    out.requireShape(q.rows, q.columns, "out")
    cache.require(layer: layer, slots: slots, positions: positions, rows: q.rows)
    workers.run(q.rows * heads.groups) { unit in
      let (row, group) = (unit / heads.groups, unit % heads.groups)
      let end = Int(positions[row]) + 1
      let scores = heads.scratch(rows: heads.shared, tokens: end)
      unsafe heads.attend(
        q.at(row), group: group,
        keys: cache.keys(layer: layer, slot: slots[row], group: group),
        values: cache.values(layer: layer, slot: slots[row], group: group),
        end: end, scores: scores.floats, into: out.at(row), logSums: nil)
    }
  }
}

/// How heads lie in a row.
struct Heads {
  let size: Int
  /// Query heads, key heads, and query heads per key head.
  let queries: Int
  let groups: Int
  let shared: Int
  let window: Int?

  var scale: Float { 1 / Float(size).squareRoot() }

  /// A head's entries filled up to whole vectors.
  static func padded(_ size: Int) -> Int { size.roundedUp(to: 16) }

  init(size: Int, queryWidth: Int, keyWidth: Int, window: Int?) {
    precondition(
      size > 0 && size <= Int(CK_LONGEST_HEAD), "heads of \(size) entries are not known")
    precondition(
      keyWidth > 0 && keyWidth % size == 0 && queryWidth % keyWidth == 0,
      "\(queryWidth) query columns, \(keyWidth) key columns and heads of \(size) do not match")
    precondition(window.map { $0 > 0 } ?? true, "a window of no tokens")
    self.size = size
    self.window = window
    queries = queryWidth / size
    groups = keyWidth / size
    shared = queries / groups
  }

  /// The first token that the last one of `end` tokens sees.
  func first(seenBy end: Int) -> Int { window.map { max(0, end - $0) } ?? 0 }

  func scoreStride(_ tokens: Int) -> Int { tokens.roundedUp(to: 16) }

  func scratch(rows: Int, tokens: Int) -> AlignedMemory {
    AlignedMemory(byteCount: rows * scoreStride(tokens) * 4, zeroed: false)
  }

  /// One row's heads of one group. `q`, `out` and `logSums` point to the row's start.
  func attend(
    _ q: UnsafePointer<Float>, group: Int, keys: UnsafePointer<Float>,
    values: UnsafePointer<Float>, end: Int, scores: UnsafeMutablePointer<Float>,
    into out: UnsafeMutablePointer<Float>, logSums: UnsafeMutablePointer<Float>?
  ) {
    let head = group * shared
    unsafe ck_attention_row(
      q + head * size, shared, size, keys, values, Self.padded(size), first(seenBy: end), end,
      scale, scores, scoreStride(end), out + head * size, logSums.map { unsafe $0 + head })
  }

  func requireShapes(q: Matrix, k: Matrix, v: Matrix, _ segments: [AttentionSegment]) {
    k.requireShape(q.rows, groups * size, "k")
    v.requireShape(q.rows, groups * size, "v")
    for segment in segments {
      for range in [segment.rows, segment.prefix ?? segment.rows] {
        precondition(
          range.lowerBound >= 0 && range.upperBound <= q.rows, "rows \(range) of \(q.rows)")
      }
    }
  }
}
