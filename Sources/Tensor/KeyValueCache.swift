public import Bytes
import CKernels

/// Keys and values of many sequences, in pages of 16 tokens that sequences may share.
///
///     [layers, pages, key heads, keys [headSize, 16] then values [16, headSize padded to 16]]
///
/// As int8, keys and values are each followed by their scales. A scale is fixed when its token is
/// stored and depends on nothing but that token.
///
/// Memory is taken from the system where tokens are stored first.
///
/// `@unchecked Sendable`: operations write to pages that their callers own.
@safe
public final class KeyValueCache: @unchecked Sendable {
  /// How numbers are stored. Sums are made in float32 in any case.
  public enum Precision: String, CaseIterable, Codable, Sendable {
    case float16 = "f16"
    /// A signed byte each, and a float32 scale for every 32 entries of a token's key or value.
    case int8
    case float32 = "f32"

    /// What the keys, or the values, of a page take in one head: `width` entries of each token.
    func bytes(ofWidth width: Int) -> Int {
      let entries = pageTokens * width
      switch self {
      case .float16: return entries * 2
      case .int8: return entries + pageTokens * (width.roundedUp(to: 32) / 32) * 4
      case .float32: return entries * 4
      }
    }

    var format: Int32 {
      switch self {
      case .float16: Int32(CK_FLOAT16)
      case .int8: Int32(CK_INT8)
      case .float32: Int32(CK_FLOAT32)
      }
    }
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
    let head =
      precision.bytes(ofWidth: headSize) + precision.bytes(ofWidth: Heads.padded(headSize))
    return ByteCount(layers * (width / headSize) * head)
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
      k.at(row, group * headSize), v.at(row, group * headSize), headSize, token, precision.format,
      keys, keys + keyBytes, Heads.padded(headSize))
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
          numbers: numbers.baseAddress, format: precision.format))
    }
  }

  /// Keys of one page and head.
  private var keyBytes: Int { precision.bytes(ofWidth: headSize) }
  private var headBytes: Int { keyBytes + precision.bytes(ofWidth: Heads.padded(headSize)) }
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
