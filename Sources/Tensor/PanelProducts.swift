import CKernels

/// Activations as int8 codes, block by block: codes [blocks, rows, 32] with scales and corrections
/// [blocks, rows].
struct QuantizedRows: Sendable {
  let rows: Int
  private let codes: AlignedMemory
  private let scales: AlignedMemory
  private let corrections: AlignedMemory

  private init(unset x: Matrix) {
    rows = x.rows
    let count = PanelMatrix.blocks(x.columns) * rows
    codes = AlignedMemory(byteCount: count * PanelMatrix.block, zeroed: false)
    scales = AlignedMemory(byteCount: count * 4, zeroed: false)
    corrections = AlignedMemory(byteCount: count * 4, zeroed: false)
  }

  init(_ x: Matrix, on workers: Workers) {
    self.init(unset: x)
    let quantized = self
    Self.shareBlocks(of: x, on: workers) { block, columns in
      unsafe ck_quantize_rows(
        x.at(0, columns.lowerBound), x.columns, x.rows, columns.count,
        quantized.codes(block: block), quantized.scales(block: block),
        quantized.corrections(block: block))
    }
  }

  /// What these codes leave of `x`, as codes again: both together have 16 bits.
  func rest(of x: Matrix, on workers: Workers) -> QuantizedRows {
    let rest = QuantizedRows(unset: x)
    Self.shareBlocks(of: x, on: workers) { block, columns in
      unsafe ck_quantize_rest(
        x.at(0, columns.lowerBound), x.columns, x.rows, columns.count, codes(block: block),
        scales(block: block), rest.codes(block: block), rest.scales(block: block),
        rest.corrections(block: block))
    }
    return rest
  }

  /// Threads share blocks, not rows, so that none writes into another's cache lines.
  private static func shareBlocks(
    of x: Matrix, on workers: Workers,
    _ body: @Sendable (_ first: Int, _ columns: Range<Int>) -> Void
  ) {
    let block = PanelMatrix.block
    workers.share(PanelMatrix.blocks(x.columns), by: Stripes.rows(of: x.rows * block)) { blocks in
      body(
        blocks.lowerBound, blocks.lowerBound * block..<min(blocks.upperBound * block, x.columns))
    }
  }

  func codes(block: Int = 0, row: Int = 0) -> UnsafeMutablePointer<Int8> {
    unsafe codes.base.assumingMemoryBound(to: Int8.self)
      + (block * rows + row) * PanelMatrix.block
  }

  func scales(block: Int = 0, row: Int = 0) -> UnsafeMutablePointer<Float> {
    unsafe scales.floats + block * rows + row
  }

  func corrections(block: Int = 0, row: Int = 0) -> UnsafeMutablePointer<Int32> {
    unsafe corrections.base.assumingMemoryBound(to: Int32.self) + block * rows + row
  }
}

extension PanelMatrix {
  /// Rows of activations that pass over a panel while it is in the cache.
  private static let rowsTogether = 96

  func product(_ x: Matrix, into y: Matrix, on workers: Workers) {
    Self.products([(self, y)], x, on: workers)
  }

  /// Products of several matrices with the same rows, which are quantised once and for which the
  /// threads meet once.
  ///
  /// - Parameter fine: of these, `x` counts with 16 bits instead of 8.
  static func products(
    _ matrices: [(weights: PanelMatrix, y: Matrix)], _ x: Matrix,
    fine: [(weights: PanelMatrix, y: Matrix)] = [], on workers: Workers
  ) {
    guard x.rows > 0, !matrices.isEmpty || !fine.isEmpty else { return }
    let quantized = QuantizedRows(x, on: workers)
    products(matrices + fine, quantized, rows: x.rows, on: workers)
    guard !fine.isEmpty else { return }
    let further = fine.map {
      (weights: $0.weights, y: Matrix(unsetRows: x.rows, columns: $0.y.columns))
    }
    products(further, quantized.rest(of: x, on: workers), rows: x.rows, on: workers)
    for (part, more) in zip(fine, further) { Rowwise.add(more.y, to: part.y, on: workers) }
  }

  private static func products(
    _ matrices: [(weights: PanelMatrix, y: Matrix)], _ quantized: QuantizedRows, rows: Int,
    on workers: Workers
  ) {
    let units = matrices.flatMap { $0.weights.units(rows: rows, into: $0.y) }
    workers.run(units.count) { index in
      let unit = units[index]
      unit.weights.multiply(quantized, rows: unit.rows, panels: unit.panels, into: unit.y)
    }
  }

  private struct Unit: Sendable {
    let weights: PanelMatrix
    let rows: Range<Int>
    let panels: Range<Int>
    let y: Matrix
  }

  /// Pieces of about a quarter of a megabyte of weights; few rows take more panels at once.
  private func units(rows count: Int, into y: Matrix) -> [Unit] {
    let rowsOfUnit = min(count, Self.rowsTogether)
    let panelsOfUnit = max(1, (1 << 18) / max(1, rowsOfUnit * blocks * Self.blockBytes))
    return stride(from: 0, to: panelCount, by: panelsOfUnit).flatMap { panel in
      stride(from: 0, to: count, by: rowsOfUnit).map { row in
        Unit(
          weights: self, rows: row..<min(row + rowsOfUnit, count),
          panels: panel..<min(panel + panelsOfUnit, panelCount), y: y)
      }
    }
  }

  private func multiply(
    _ x: QuantizedRows, rows: Range<Int>, panels: Range<Int>, into y: Matrix
  ) {
    let (row, column) = (rows.lowerBound, panels.lowerBound * Self.panelRows)
    unsafe withUnsafePanels { all in
      unsafe ck_panel_product(
        all + panels.lowerBound * panelByteCount, panels.count, blocks, x.rows, x.codes(row: row),
        x.scales(row: row), x.corrections(row: row), rows.count, y.at(row, column), y.columns,
        min(self.rows - column, panels.count * Self.panelRows))
    }
  }

  func floatProduct(_ x: Matrix, into y: Matrix, on workers: Workers) {
    guard x.rows > 0 else { return }
    let width = Stripes.width(rows)
    let pool = ScratchPool(floats: blocks * Self.block * width)
    workers.share(rows, by: width) { stripe in
      pool.with { scratch in
        unsafe unpack(rows: stripe, blocks: 0..<blocks, into: scratch.floats, stride: width)
        unsafe FloatProduct.multiply(
          Operand(x), Operand(scratch.floats, stride: width),
          m: x.rows, n: stripe.count, k: columns, scale: 1, beta: 0,
          into: y.at(0, stripe.lowerBound), stride: y.columns)
      }
    }
  }

  func addTransposedProduct(_ dy: Matrix, into dx: Matrix, on workers: Workers) {
    guard dy.rows > 0 else { return }
    let width = Stripes.width(columns)
    let chunk = 512
    let pool = ScratchPool(floats: width * chunk)
    workers.share(columns, by: width) { stripe in
      let first = stripe.lowerBound / Self.block
      let blocks = first..<(stripe.upperBound + Self.block - 1) / Self.block
      pool.with { scratch in
        for start in Swift.stride(from: 0, to: rows, by: chunk) {
          let part = start..<min(start + chunk, rows)
          unsafe unpack(rows: part, blocks: blocks, into: scratch.floats, stride: chunk)
          unsafe FloatProduct.multiply(
            Operand(dy.at(0, start), stride: dy.columns),
            Operand(scratch.floats, stride: chunk, isTransposed: true),
            m: dy.rows, n: stripe.count, k: part.count, scale: 1, beta: 1,
            into: dx.at(0, stripe.lowerBound), stride: dx.columns)
        }
      }
    }
  }

  /// out[k, n] = W[rows.lowerBound + n, blocks.lowerBound · 32 + k]; rows start at a panel's start.
  private func unpack(
    rows range: Range<Int>, blocks: Range<Int>, into out: UnsafeMutablePointer<Float>, stride: Int
  ) {
    unsafe withUnsafePanels { panels in
      let first = range.lowerBound / Self.panelRows
      let start = first * panelByteCount + blocks.lowerBound * Self.blockBytes
      unsafe ck_panel_unpack(
        panels + start, panelByteCount, Self.panels(range.count), blocks.count, out, stride)
    }
  }

  func gather(_ ids: [Int32], into out: Matrix, on workers: Workers) {
    workers.share(ids.count, by: Stripes.rows(of: columns)) { rows in
      unsafe withUnsafePanels { panels in
        for row in rows { unsafe unpack(Int(ids[row]), of: panels, into: out.at(row)) }
      }
    }
  }
}
