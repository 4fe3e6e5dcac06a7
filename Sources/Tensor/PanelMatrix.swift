public import Bytes
import CKernels

/// int8 weights [rows, columns] in panels of 32 output rows, with one fp16 scale per 32 weights of
/// a row: the codes and scales of Q8_0 in another order, so that nothing is lost either way.
///
///     per panel, per block of 32 columns:
///       32 fp16 scales                                       64 bytes
///       8 groups of 4 columns × 2 halves of 16 rows × 64 codes
///       code (u8) = int8 + 128; byte [group][half][row · 4 + column]
///
/// Rows are filled up to a multiple of 32, and columns, with zero codes of zero scale.
public struct PanelMatrix: Sendable {
  public let rows: Int
  public let columns: Int
  private let storage: Storage
  /// Where in the storage the first panel lies.
  private var firstPanel = 0

  private enum Storage {
    case mapped(MappedBytes)
    case owned(AlignedMemory)
  }

  static let panelRows = Int(CK_PANEL_ROWS)
  static let block = Int(CK_BLOCK)
  static let blockBytes = Int(CK_PANEL_BLOCK)
  static let ggmlBlockBytes = Int(CK_Q8_0_BLOCK)

  public var panelCount: Int { Self.panels(rows) }
  var blocks: Int { Self.blocks(columns) }
  var panelByteCount: Int { blocks * Self.blockBytes }

  static func panels(_ rows: Int) -> Int { (rows + panelRows - 1) / panelRows }
  static func blocks(_ columns: Int) -> Int { (columns + block - 1) / block }

  public static func byteCount(rows: Int, columns: Int) -> Int {
    panels(rows) * blocks(columns) * blockBytes
  }

  /// - Precondition: `mapped` holds `byteCount(rows:columns:)` bytes.
  public init(rows: Int, columns: Int, mapped: MappedBytes) {
    precondition(
      mapped.count == Self.byteCount(rows: rows, columns: columns),
      "\(mapped.count) bytes are not the panels of [\(rows), \(columns)]")
    self.rows = rows
    self.columns = columns
    storage = .mapped(mapped)
  }

  /// Quantises by the rule of Q8_0, into memory of its own.
  public init(quantizing floats: Matrix) {
    rows = floats.rows
    columns = floats.columns
    let blocks = Self.blocks(columns)
    let memory = AlignedMemory(
      byteCount: Self.byteCount(rows: rows, columns: columns), zeroed: false)
    let panelBytes = blocks * Self.blockBytes
    for first in stride(from: 0, to: rows, by: Self.panelRows) {
      let codes = Self.q8_0Blocks(of: floats, rows: first..<min(first + Self.panelRows, rows))
      let panel = unsafe memory.base + first / Self.panelRows * panelBytes
      unsafe ck_panels_from_q8_0(
        codes, min(Self.panelRows, rows - first), blocks,
        panel.assumingMemoryBound(to: UInt8.self))
    }
    storage = .owned(memory)
  }

  /// Rows of the same memory as a matrix of their own.
  ///
  /// - Precondition: they start at a panel's start.
  func slice(rows range: Range<Int>) -> PanelMatrix {
    precondition(
      range.lowerBound % Self.panelRows == 0 && range.lowerBound >= 0 && range.upperBound <= rows,
      "\(range) of \(rows) rows")
    return PanelMatrix(of: self, rows: range)
  }

  private init(of whole: PanelMatrix, rows range: Range<Int>) {
    rows = range.count
    columns = whole.columns
    storage = whole.storage
    firstPanel = whole.firstPanel + range.lowerBound / Self.panelRows
  }

  /// Some rows as floats.
  public func floats(rows range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "\(range) of \(rows) rows")
    let result = Matrix(rows: range.count, columns: columns)
    unsafe withUnsafePanels { panels in
      for row in range { unsafe unpack(row, of: panels, into: result.at(row - range.lowerBound)) }
    }
    return result
  }

  /// The bytes of some panels, as they lie in a file.
  public func panelBytes(_ range: Range<Int>) -> [UInt8] {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= panelCount, "\(range) of \(panelCount) panels")
    return unsafe withUnsafePanels { panels in
      let first = unsafe panels + range.lowerBound * panelByteCount
      return unsafe [UInt8](UnsafeBufferPointer(start: first, count: range.count * panelByteCount))
    }
  }

  /// One row, `columns` floats.
  func unpack(
    _ row: Int, of panels: UnsafePointer<UInt8>, into out: UnsafeMutablePointer<Float>
  ) {
    let panel = unsafe panels + row / Self.panelRows * panelByteCount
    unsafe ck_panel_row(panel, row % Self.panelRows, columns, out)
  }

  func withUnsafePanels<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
    switch storage {
    case .owned(let memory):
      let base = unsafe memory.base.assumingMemoryBound(to: UInt8.self)
      return unsafe body(base + firstPanel * panelByteCount)
    case .mapped(let bytes):
      return unsafe bytes.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else {
          return unsafe body(
            AlignedMemory(byteCount: 0, zeroed: true).base.assumingMemoryBound(to: UInt8.self))
        }
        return unsafe body(
          base.assumingMemoryBound(to: UInt8.self) + firstPanel * panelByteCount)
      }
    }
  }
}
