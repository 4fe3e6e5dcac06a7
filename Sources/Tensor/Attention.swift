import CKernels

/// A run of rows of one sequence. With a prefix it continues after these rows: a prompt shared by
/// several answers. With a stem both stand after that: a beginning shared by several prompts.
public struct AttentionSegment: Hashable, Sendable {
  public var rows: Range<Int>
  public var stem: Range<Int>?
  public var prefix: Range<Int>?

  /// Segments that share a prefix, and the segment that is that prefix, are of one tree. A tree's
  /// segments are neighbours; the stem is a tree of its own, before all that stand after it.
  public var tree: Int

  public init(
    rows: Range<Int>, stem: Range<Int>? = nil, prefix: Range<Int>? = nil, tree: Int
  ) {
    self.rows = rows
    self.stem = stem
    self.prefix = prefix
    self.tree = tree
  }

  /// The rows that stand before the segment's own, in order.
  var before: [Range<Int>] { [stem, prefix].compactMap { $0 } }
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
      let pages = unsafe heads.pages(keys: keys.floats, values: values.floats)
      unsafe heads.attend(
        unit.rows, of: q, group: unit.group, pages: pages,
        end: tokens.end(ofRow: unit.rows.lowerBound), into: out, logSums: logSums)
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
  /// The cache already holds keys and values of the rows themselves, and of all tokens before them.
  public static func cached(
    q: Matrix, cache: KeyValueCache, layer: Int, runs: [CachedRun], window: Int?, into out: Matrix,
    on workers: Workers
  ) {
    let heads = Heads(
      size: cache.headSize, queryWidth: q.columns, keyWidth: cache.width, window: window)
    out.requireShape(q.rows, q.columns, "out")
    cache.require(layer: layer, runs: runs, rows: q.rows)
    let parts = runs.flatMap { $0.parts(of: rowsOfCachedUnit) }
    workers.run(parts.count * heads.groups) { unit in
      let (part, group) = (parts[unit / heads.groups], unit % heads.groups)
      unsafe cache.withPages(of: part, layer: layer, group: group) { pages in
        unsafe heads.attend(
          part.rows, of: q, group: group, pages: pages, end: part.position + 1, into: out,
          logSums: nil)
      }
    }
  }

  private static let rowsOfCachedUnit = 32
}

extension CachedRun {
  /// The run cut into pieces of at most `count` rows.
  fileprivate func parts(of count: Int) -> [CachedRun] {
    guard rows.count > count else { return [self] }
    return stride(from: rows.lowerBound, to: rows.upperBound, by: count).map { first in
      CachedRun(
        rows: first..<min(first + count, rows.upperBound),
        position: position + first - rows.lowerBound, pages: pages)
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

  /// Scratch memory of a kernel for rows of which the last sees `tokens` tokens.
  static func scores(tokens: Int, perQuery: Int = 1) -> AlignedMemory {
    AlignedMemory(
      byteCount: perQuery * Int(CK_SCRATCH_QUERIES) * (tokens + 31) * 4, zeroed: false)
  }

  /// `rows` rows of one group's heads, of which the first sees `end` tokens.
  func shape(rows: Int, end: Int) -> ck_attention {
    ck_attention(
      rows: rows, heads: shared, size: size, stride: Self.padded(size), end: end,
      window: window ?? 0, scale: scale)
  }

  /// Keys in blocks and values in rows that each lie in one piece, as pages.
  func pages(keys: UnsafePointer<Float>, values: UnsafePointer<Float>) -> ck_pages {
    let tokens = Int(CK_PAGE_TOKENS)
    return unsafe ck_pages(
      keys: keys, values: values, key_step: tokens * size * 4,
      value_step: tokens * Self.padded(size) * 4, numbers: nil,
      format: Int32(CK_FLOAT32))
  }

  /// Rows of one sequence that follow each other, for the heads of one group; the first of them sees
  /// `end` tokens.
  func attend(
    _ rows: Range<Int>, of q: Matrix, group: Int, pages: ck_pages, end: Int, into out: Matrix,
    logSums: Matrix?
  ) {
    let head = group * shared
    var (pages, shape) = unsafe (pages, self.shape(rows: rows.count, end: end))
    let scores = Self.scores(tokens: end + rows.count - 1)
    unsafe ck_attention_rows(
      q.at(rows.lowerBound, head * size), q.columns, &pages, &shape, scores.floats,
      out.at(rows.lowerBound, head * size), out.columns,
      logSums.map { unsafe $0.at(rows.lowerBound, head) }, logSums?.columns ?? 0)
  }

  func requireShapes(q: Matrix, k: Matrix, v: Matrix, _ segments: [AttentionSegment]) {
    k.requireShape(q.rows, groups * size, "k")
    v.requireShape(q.rows, groups * size, "v")
    for segment in segments {
      for range in segment.before + [segment.rows] {
        precondition(
          range.lowerBound >= 0 && range.upperBound <= q.rows, "rows \(range) of \(q.rows)")
      }
    }
  }
}
