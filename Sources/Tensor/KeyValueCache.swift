public import Bytes
import CKernels

/// Keys and values of many sequences, in pages of 16 tokens that sequences may share.
///
///     [layers, pages, key heads, keys [headSize, 16] then values [16, headSize padded to 16]]
///
/// Memory is taken from the system where tokens are stored first.
///
/// `@unchecked Sendable`: operations write to pages that their callers own.
@safe
public final class KeyValueCache: @unchecked Sendable {
  /// How a number is stored. Sums are made in float32 in any case.
  public enum Precision: String, CaseIterable, Sendable {
    case float16 = "f16"
    case float32 = "f32"

    var bytes: Int { self == .float16 ? 2 : 4 }
  }

  public let layers: Int
  public let pages: Int
  public let width: Int
  public let headSize: Int
  public let precision: Precision

  private let memory: AlignedMemory

  /// Tokens of a page.
  public static let pageTokens = Int(CK_PAGE_TOKENS)

  /// Pages that hold so many tokens.
  public static func pages(for tokens: Int) -> Int { (tokens + pageTokens - 1) / pageTokens }

  /// What a page takes in all layers.
  public static func pageBytes(
    layers: Int, width: Int, headSize: Int, precision: Precision
  ) -> ByteCount {
    let entries = pageTokens * (headSize + Heads.padded(headSize))
    return ByteCount(layers * (width / headSize) * entries * precision.bytes)
  }

  /// - Parameter width: key heads · headSize.
  public init(layers: Int, pages: Int, width: Int, headSize: Int, precision: Precision) {
    precondition(headSize > 0 && width % headSize == 0, "\(width) columns, heads of \(headSize)")
    precondition(pages >= 0 && pages <= Int32.max, "\(pages) pages")
    self.layers = layers
    self.pages = pages
    self.width = width
    self.headSize = headSize
    self.precision = precision
    let page = Self.pageBytes(
      layers: layers, width: width, headSize: headSize, precision: precision)
    memory = AlignedMemory(lazyZeros: page.bytes * pages)
  }

  /// What a full cache holds.
  public var byteCount: ByteCount { ByteCount(memory.byteCount) }

  /// Rows of k and v [T, width] become the tokens that `runs` say they are.
  public func store(k: Matrix, v: Matrix, layer: Int, runs: [CachedRun], on workers: Workers) {
    v.requireShape(k.rows, width, "v")
    k.requireShape(v.rows, width, "k")
    require(layer: layer, runs: runs, rows: k.rows)
    let rowsOfUnit = Stripes.rows(of: width)
    let places = runs.flatMap { run in run.rows.map { (row: $0, run: run) } }
    workers.share(places.count, by: rowsOfUnit) { part in
      for place in places[part] {
        for group in 0..<self.width / self.headSize {
          self.store(k, v, row: place.row, run: place.run, layer: layer, group: group)
        }
      }
    }
  }

  private func store(
    _ k: Matrix, _ v: Matrix, row: Int, run: CachedRun, layer: Int, group: Int
  ) {
    let token = run.position + row - run.rows.lowerBound
    let page = Int(run.pages[token / Self.pageTokens])
    let keys = unsafe start(layer: layer, group: group) + page * pageBytes
    unsafe ck_attention_store(
      k.at(row, group * headSize), v.at(row, group * headSize), headSize, token, isHalf, keys,
      keys + keyBytes, Heads.padded(headSize))
  }

  /// Lends one key head's pages of a sequence to a kernel.
  func withPages<R>(
    of run: CachedRun, layer: Int, group: Int, _ body: (ck_pages) -> R
  ) -> R {
    let keys = unsafe start(layer: layer, group: group)
    return unsafe run.pages.withUnsafeBufferPointer { numbers in
      unsafe body(
        ck_pages(
          keys: keys, values: keys + keyBytes, key_step: pageBytes, value_step: pageBytes,
          numbers: numbers.baseAddress, half: isHalf))
    }
  }

  private var isHalf: Int32 { precision == .float16 ? 1 : 0 }
  /// Keys of one page and head.
  private var keyBytes: Int { Self.pageTokens * headSize * precision.bytes }
  private var headBytes: Int {
    keyBytes + Self.pageTokens * Heads.padded(headSize) * precision.bytes
  }
  /// One page of one layer.
  private var pageBytes: Int { width / headSize * headBytes }

  private func start(layer: Int, group: Int) -> UnsafeMutableRawPointer {
    unsafe memory.base + (layer * pages * pageBytes + group * headBytes)
  }

  func require(layer: Int, runs: [CachedRun], rows: Int) {
    precondition(layer >= 0 && layer < layers, "there is no layer \(layer) in \(layers)")
    for run in runs {
      precondition(
        run.rows.lowerBound >= 0 && run.rows.upperBound <= rows, "rows \(run.rows) of \(rows)")
      precondition(
        run.position >= 0 && run.end <= run.pages.count * Self.pageTokens,
        "tokens up to \(run.end) in \(run.pages.count) pages")
      precondition(
        run.pages.allSatisfy { $0 >= 0 && $0 < pages }, "a page is not below \(pages)")
    }
  }
}

/// Rows that continue a sequence: row `rows.lowerBound` + i is its token `position` + i.
public struct CachedRun: Hashable, Sendable {
  public var rows: Range<Int>
  public var position: Int
  /// Where the cache has the sequence's tokens, page by page.
  public var pages: [Int32]

  public init(rows: Range<Int>, position: Int, pages: [Int32]) {
    self.rows = rows
    self.position = position
    self.pages = pages
  }

  /// Tokens of the sequence when the run is stored.
  var end: Int { position + rows.count }
}
