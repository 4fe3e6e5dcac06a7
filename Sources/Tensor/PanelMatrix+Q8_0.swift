// Q8_0 is the format's name.
// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CKernels

/// Q8_0, the format of GGUF files: per 32 weights of a row an fp16 scale and 32 signed codes, in
/// 34 bytes.
extension PanelMatrix {
  /// Packs row-major Q8_0 blocks to panels.
  ///
  /// - Precondition: `columns` is a multiple of 32, and `blocks` holds rows · columns weights.
  public static func panels(fromQ8_0 blocks: [UInt8], rows: Int, columns: Int) -> [UInt8] {
    precondition(columns % block == 0, "rows of \(columns) are no whole blocks")
    precondition(
      blocks.count == rows * columns / block * ggmlBlockBytes,
      "\(blocks.count) bytes are not the Q8_0 blocks of [\(rows), \(columns)]")
    return unsafe [UInt8](
      unsafeUninitializedCapacity: byteCount(rows: rows, columns: columns)
    ) { panels, count in
      count = byteCount(rows: rows, columns: columns)
      guard let base = panels.baseAddress else { return }
      unsafe ck_panels_from_q8_0(blocks, rows, columns / block, base)
    }
  }

  /// Some rows as Q8_0 blocks, row-major.
  ///
  /// - Precondition: `columns` is a multiple of 32.
  public func q8_0Blocks(rows range: Range<Int>) -> [UInt8] {
    precondition(columns % Self.block == 0, "rows of \(columns) are no whole blocks")
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "\(range) of \(rows) rows")
    let rowBytes = blocks * Self.ggmlBlockBytes
    var result = [UInt8](repeating: 0, count: range.count * rowBytes)
    unsafe withUnsafePanels { panels in
      unsafe result.withUnsafeMutableBufferPointer { out in
        guard let base = out.baseAddress else { return }
        for row in range {
          unsafe ck_q8_0_from_panel(
            panels + row / Self.panelRows * panelByteCount, row % Self.panelRows, blocks,
            base + (row - range.lowerBound) * rowBytes)
        }
      }
    }
    return result
  }

  /// Quantises by ggml's rule: d = largest magnitude / 127, stored as fp16; codes are x · (1/d),
  /// with d still in float32, halves rounded away from zero.
  ///
  /// - Precondition: the count is a multiple of 32.
  public static func q8_0Blocks(quantizing values: [Float]) -> [UInt8] {
    q8_0Blocks(quantizing: values.span)
  }

  /// As above, without an array.
  public static func q8_0Blocks(quantizing values: Span<Float>) -> [UInt8] {
    precondition(values.count % block == 0, "\(values.count) values are no whole blocks")
    let blocks = values.count / block
    return unsafe [UInt8](unsafeUninitializedCapacity: blocks * ggmlBlockBytes) { out, count in
      count = blocks * ggmlBlockBytes
      unsafe values.withUnsafeBufferPointer { values in
        guard let x = values.baseAddress, let base = out.baseAddress else { return }
        unsafe ck_q8_0_quantize(x, blocks, base)
      }
    }
  }

  /// Rows of any width; the last block is filled up with zeros.
  static func q8_0Blocks(of floats: Matrix, rows: Range<Int>) -> [UInt8] {
    let width = blocks(floats.columns) * block
    var padded = [Float](repeating: 0, count: rows.count * width)
    for row in rows {
      let start = (row - rows.lowerBound) * width
      padded.replaceSubrange(start..<start + floats.columns, with: floats.row(row))
    }
    return q8_0Blocks(quantizing: padded)
  }
}
