import Bytes
import Foundation
import Tensor
import Testing

struct AttentionTests {
  struct Case: CustomStringConvertible, Sendable {
    let name: String
    let queries: Int
    let groups: Int
    let size: Int
    let segments: [AttentionSegment]
    var window: Int?
    var description: String { name }

    var rows: Int { segments.map(\.rows.upperBound).max() ?? 0 }
  }

  static let tree = [
    AttentionSegment(rows: 0..<9, tree: 0),
    AttentionSegment(rows: 9..<12, prefix: 0..<9, tree: 0),
    AttentionSegment(rows: 12..<20, prefix: 0..<9, tree: 0),
    AttentionSegment(rows: 20..<38, tree: 1),
    AttentionSegment(rows: 38..<39, prefix: 20..<38, tree: 1),
  ]

  /// Two trees behind a stem of 19 rows.
  static let stemTrees = [
    AttentionSegment(rows: 0..<19, tree: 0),
    AttentionSegment(rows: 19..<23, stem: 0..<19, tree: 1),
    AttentionSegment(rows: 23..<25, stem: 0..<19, prefix: 19..<23, tree: 1),
    AttentionSegment(rows: 25..<34, stem: 0..<19, prefix: 19..<23, tree: 1),
    AttentionSegment(rows: 34..<35, stem: 0..<19, tree: 2),
    AttentionSegment(rows: 35..<38, stem: 0..<19, prefix: 34..<35, tree: 2),
  ]

  static let cases = [
    Case(
      name: "one row", queries: 1, groups: 1, size: 8,
      segments: [AttentionSegment(rows: 0..<1, tree: 0)]),
    Case(
      name: "one sequence", queries: 4, groups: 4, size: 16,
      segments: [AttentionSegment(rows: 0..<33, tree: 0)]),
    Case(name: "trees, grouped queries", queries: 9, groups: 3, size: 8, segments: tree),
    Case(name: "trees, five to one, odd heads", queries: 5, groups: 1, size: 6, segments: tree),
    Case(name: "trees in a window", queries: 2, groups: 1, size: 20, segments: tree, window: 5),
    Case(name: "trees behind a stem", queries: 6, groups: 2, size: 20, segments: stemTrees),
    Case(
      name: "a stem in a window", queries: 2, groups: 1, size: 8, segments: stemTrees, window: 7),
    Case(
      name: "a window over blocks", queries: 2, groups: 2, size: 64,
      segments: [AttentionSegment(rows: 0..<50, tree: 0)], window: 18),
  ]

  /// The rows that row t of a segment sees, in order.
  static func seen(_ t: Int, _ segment: AttentionSegment, _ window: Int?) -> [Int] {
    let all =
      Array(segment.stem ?? 0..<0) + Array(segment.prefix ?? 0..<0)
      + Array(segment.rows.lowerBound...t)
    return window.map { Array(all.suffix($0)) } ?? all
  }

  static func attention(_ q: Exact, _ k: Exact, _ v: Exact, _ c: Case) -> (Exact, Exact) {
    var out = Exact(q.rows, q.columns)
    var logSums = Exact(q.rows, c.queries)
    for segment in c.segments {
      for t in segment.rows {
        for head in 0..<c.queries {
          let rows = seen(t, segment, c.window)
          let (at, from) = (head * c.size, head / (c.queries / c.groups) * c.size)
          let scores = rows.map { j in
            (0..<c.size).reduce(0.0) { $0 + q[t, at + $1] * k[j, from + $1] }
              / Double(c.size).squareRoot()
          }
          let total = scores.reduce(0) { $0 + exp($1) }
          logSums[t, head] = log(total)
          for (score, j) in zip(scores, rows) {
            for i in 0..<c.size { out[t, at + i] += exp(score) / total * v[j, from + i] }
          }
        }
      }
    }
    return (out, logSums)
  }

  struct Inputs {
    let q: Matrix
    let k: Matrix
    let v: Matrix
    let out: Matrix
    let logSums: Matrix

    init(
      _ c: Case, on workers: Workers = twoThreads, rounding round: (Matrix) -> Matrix = { $0 }
    ) {
      var numbers = Numbers(71)
      q = numbers.matrix(c.rows, c.queries * c.size)
      Rowwise.add(q.copy(), to: q, scale: 4, on: oneThread)
      k = round(numbers.matrix(c.rows, c.groups * c.size))
      v = round(numbers.matrix(c.rows, c.groups * c.size))
      out = Matrix(rows: c.rows, columns: c.queries * c.size)
      logSums = Matrix(rows: c.rows, columns: c.queries)
      Attention.forward(
        q: q, k: k, v: v, headSize: c.size, segments: c.segments, window: c.window, into: out,
        logSums: logSums, on: workers)
    }
  }

  @Test(arguments: cases)
  func `attention is the mean of seen values by soft-max of scores`(c: Case) {
    let x = Inputs(c)
    let (out, logSums) = Self.attention(Exact(x.q), Exact(x.k), Exact(x.v), c)
    #expect(difference(x.out, out) < 2e-6)
    #expect(difference(x.logSums, logSums) < 2e-6)
    #expect(bits(Inputs(c, on: oneThread).out) == bits(x.out))
  }

  @Test(arguments: cases)
  func `gradients of attention are its slopes, added to what is there`(c: Case) {
    let x = Inputs(c)
    var numbers = Numbers(72)
    let dOut = numbers.matrix(c.rows, c.queries * c.size)
    let before = [x.q, x.k, x.v].map { numbers.matrix($0.rows, $0.columns) }
    var found: [[Matrix]] = []
    for workers in [oneThread, twoThreads] {
      let d = before.map { $0.copy() }
      Attention.backward(
        q: x.q, k: x.k, v: x.v, out: x.out, logSums: x.logSums, dOut: dOut, headSize: c.size,
        segments: c.segments, window: c.window, dq: d[0], dk: d[1], dv: d[2], on: workers)
      found.append(d)
    }
    let expected = Self.gradients(Exact(x.q), Exact(x.k), Exact(x.v), Exact(dOut), c)
    for index in 0..<3 {
      #expect(difference(found[0][index], Exact(before[index]) + expected[index]) < 5e-6)
      #expect(bits(found[0][index]) == bits(found[1][index]))
    }
  }

  /// The chain rule, written out; `the chain rule is right` compares it with differences.
  static func gradients(_ q: Exact, _ k: Exact, _ v: Exact, _ dOut: Exact, _ c: Case) -> [Exact] {
    var (dq, dk, dv) = (
      Exact(q.rows, q.columns), Exact(k.rows, k.columns), Exact(v.rows, v.columns)
    )
    let scale = 1 / Double(c.size).squareRoot()
    for segment in c.segments {
      for t in segment.rows {
        for head in 0..<c.queries {
          let rows = seen(t, segment, c.window)
          let (at, from) = (head * c.size, head / (c.queries / c.groups) * c.size)
          func along(_ a: Exact, _ b: Exact, _ j: Int) -> Double {
            (0..<c.size).reduce(0) { $0 + a[t, at + $1] * b[j, from + $1] }
          }
          let powers = rows.map { exp(along(q, k, $0) * scale) }
          let total = powers.reduce(0, +)
          let slopes = rows.map { along(dOut, v, $0) }
          let mean = zip(powers, slopes).reduce(0) { $0 + $1.0 * $1.1 } / total
          for (index, j) in rows.enumerated() {
            let p = powers[index] / total
            let ds = p * (slopes[index] - mean) * scale
            for i in 0..<c.size {
              dv[j, from + i] += p * dOut[t, at + i]
              dk[j, from + i] += ds * q[t, at + i]
              dq[t, at + i] += ds * k[j, from + i]
            }
          }
        }
      }
    }
    return [dq, dk, dv]
  }

  @Test
  func `the chain rule is right`() {
    let c = Case(
      name: "small", queries: 2, groups: 1, size: 2,
      segments: [
        AttentionSegment(rows: 0..<3, tree: 0),
        AttentionSegment(rows: 3..<6, prefix: 0..<3, tree: 0),
      ], window: 4)
    var numbers = Numbers(73)
    let (q, k, v, dOut) = (
      Exact(numbers.matrix(6, 4)), Exact(numbers.matrix(6, 2)), Exact(numbers.matrix(6, 2)),
      Exact(numbers.matrix(6, 4))
    )
    func loss(_ q: Exact, _ k: Exact, _ v: Exact) -> Double {
      zip(Self.attention(q, k, v, c).0.values, dOut.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let found = Self.gradients(q, k, v, dOut, c)
    let expected = [
      slopes(q) { loss($0, k, v) }, slopes(k) { loss(q, $0, v) }, slopes(v) { loss(q, k, $0) },
    ]
    for (a, b) in zip(found, expected) {
      #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-8 })
    }
  }

  /// Every segment of a case in pages of its own, in no particular order.
  private func cached(_ c: Case, _ x: Inputs, _ precision: KeyValueCache.Precision) -> Matrix {
    let cache = KeyValueCache(
      layers: 2, pages: 4 * c.segments.count, width: c.groups * c.size, headSize: c.size,
      precision: precision)
    let runs = c.segments.enumerated().map { index, segment in
      CachedRun(
        rows: segment.rows, position: (segment.stem?.count ?? 0) + (segment.prefix?.count ?? 0),
        pages: [2, 0, 3, 1].map { Int32(4 * index + $0) })
    }
    let prefixes = zip(runs, c.segments).flatMap { run, segment in
      let stem = segment.stem.map { CachedRun(rows: $0, position: 0, pages: run.pages) }
      let prefix = segment.prefix.map {
        CachedRun(rows: $0, position: segment.stem?.count ?? 0, pages: run.pages)
      }
      return [stem, prefix].compactMap { $0 }
    }
    cache.store(k: x.k, v: x.v, layer: 1, runs: prefixes + runs, on: twoThreads)
    let out = Matrix(rows: c.rows, columns: x.q.columns)
    Attention.cached(
      q: x.q, cache: cache, layer: 1, runs: runs, window: c.window, into: out, on: twoThreads)
    return out
  }

  @Test(arguments: cases)
  func `attention over a cache gives the same bits`(c: Case) {
    let x = Inputs(c)
    #expect(bits(cached(c, x, .float32)) == bits(x.out))
  }

  @Test(arguments: cases)
  func `a cache of half precision loses what rounding to it loses`(c: Case) {
    let x = Inputs(c)
    func rounded(_ matrix: Matrix) -> Exact {
      Exact(Matrix(rows: matrix.rows, columns: matrix.columns, values: matrix.values.map(toHalf)))
    }
    let (expected, _) = Self.attention(Exact(x.q), rounded(x.k), rounded(x.v), c)
    #expect(difference(cached(c, x, .float16), expected) < 2e-6)
  }

  /// To the nearest number with 10 bits after the leading one; enough for normal halves.
  private func toHalf(_ x: Float) -> Float {
    let unit = max(x.magnitude, 0x1p-14).binade / 1024
    return (x / unit).rounded(.toNearestOrEven) * unit
  }

  @Test(arguments: cases)
  func `a cache of codes gives what the numbers that they stand for give`(c: Case) {
    let expected = Inputs(c) { toCodes($0, size: c.size) }
    #expect(bits(cached(c, Inputs(c), .int8)) == bits(expected.out))
    #expect(bits(expected.out) != bits(Inputs(c).out) || c.rows == 1)
  }

  /// Every 32 entries of a head to whole multiples of a 127th of the largest of them.
  private func toCodes(_ x: Matrix, size: Int) -> Matrix {
    let rounded = x.copy()
    for row in 0..<x.rows {
      for head in stride(from: 0, to: x.columns, by: size) {
        for block in stride(from: head, to: head + size, by: 32) {
          let columns = block..<min(block + 32, head + size)
          let largest = columns.map { x[row, $0].magnitude }.max() ?? 0
          for column in columns {
            let code = (x[row, column] * (127 / largest)).rounded(.toNearestOrEven)
            rounded[row, column] = code * (largest / 127)
          }
        }
      }
    }
    return rounded
  }

  @Test
  func `what is not finite in a cache of codes stays so, and nothing else becomes so`() {
    let cache = KeyValueCache(layers: 1, pages: 1, width: 64, headSize: 64, precision: .int8)
    let run = CachedRun(rows: 0..<2, position: 0, pages: [0])
    var numbers = Numbers(74)
    let (q, k, v) = (numbers.matrix(2, 64), numbers.matrix(2, 64), numbers.matrix(2, 64))
    (v[1, 3], v[1, 40]) = (.nan, 1e-38)
    let out = Matrix(rows: 2, columns: 64)
    cache.store(k: k, v: v, layer: 0, runs: [run], on: oneThread)
    Attention.cached(
      q: q, cache: cache, layer: 0, runs: [run], window: nil, into: out, on: oneThread)
    #expect(out.row(0).count { $0.isFinite } == 64)
    #expect(out.row(1).prefix(32).count { $0.isNaN } == 32)
    #expect(out.row(1).suffix(32).count { $0.isFinite } == 32)
  }

  @Test(arguments: zip(KeyValueCache.Precision.allCases, [4096, 2304, 8192]))
  func `a page takes what its numbers and scales take`(
    precision: KeyValueCache.Precision, head: Int
  ) {
    let page = KeyValueCache.pageBytes(layers: 3, width: 128, headSize: 64, precision: precision)
    #expect(page.bytes == 3 * 2 * head)
  }

  @Test(arguments: cases, KeyValueCache.Precision.allCases)
  func `a row comes out the same in whichever rows it is computed`(
    c: Case, precision: KeyValueCache.Precision
  ) {
    let x = Inputs(c)
    let cache = KeyValueCache(
      layers: 1, pages: 4, width: c.groups * c.size, headSize: c.size, precision: precision)
    let all = CachedRun(rows: 0..<c.rows, position: 0, pages: [3, 1, 0, 2])
    cache.store(k: x.k, v: x.v, layer: 0, runs: [all], on: oneThread)
    var found: [[UInt32]] = []
    for together in [1, 3, c.rows] {
      let runs = stride(from: 0, to: c.rows, by: together).map {
        CachedRun(rows: $0..<min($0 + together, c.rows), position: $0, pages: all.pages)
      }
      let out = Matrix(rows: c.rows, columns: x.q.columns)
      Attention.cached(
        q: x.q, cache: cache, layer: 0, runs: runs, window: c.window, into: out, on: twoThreads)
      found.append(bits(out))
    }
    #expect(found[0] == found[1] && found[1] == found[2])
  }

  @Test
  func `no rows are no work`() {
    let none = Matrix(rows: 0, columns: 16)
    Attention.forward(
      q: none, k: none, v: none, headSize: 8, segments: [], window: nil, into: none,
      logSums: Matrix(rows: 0, columns: 2), on: twoThreads)
    let cache = KeyValueCache(layers: 1, pages: 1, width: 16, headSize: 8, precision: .float32)
    Attention.cached(
      q: none, cache: cache, layer: 0, runs: [], window: nil, into: none, on: twoThreads)
    #expect(cache.byteCount.bytes == (16 * 8 + 16 * 16) * 2 * 4)
  }
}
