import CKernels

extension PanelMatrix {
  /// dx[t, k] += Σ_n dy[t, n] · W[n, k] in int8: what ``WeightMatrix/addTurnedProduct(_:into:on:)``
  /// says.
  ///
  /// A unit of work turns some blocks of 32 columns into panels of the transposed weights, and lets
  /// all rows pass over them while they are in the cache.
  func addTurnedProduct(_ dy: Matrix, into dx: Matrix, on workers: Workers) {
    guard dy.rows > 0 else { return }
    let gradient = QuantizedRows(dy, on: workers)
    let together = max(1, min(Self.turnedBytes / (panelCount * Self.blockBytes), blocks / 8))
    let pool = ScratchPool(floats: (TurnedPanels.byteCount(of: self, count: together) + 3) / 4)
    workers.share(blocks, by: together) { blocks in
      pool.with { memory in
        let turned = TurnedPanels(of: self, blocks: blocks, in: memory)
        turned.addProduct(gradient, rows: dy.rows, into: dx)
      }
    }
  }

  /// Turned panels that a unit of work keeps in its cache.
  private static let turnedBytes = 512 << 10

  /// The panel of the transposed weights for one block of columns.
  func turn(block: Int, into out: UnsafeMutablePointer<UInt8>) {
    unsafe withUnsafePanels { panels in
      unsafe ck_panel_turn(
        panels + block * Self.blockBytes, panelByteCount, panelCount, out)
    }
  }
}

/// Panels of transposed weights in scratch memory, and room for their product behind them.
private struct TurnedPanels {
  private let memory: AlignedMemory
  private let columns: Range<Int>
  /// Panels, and blocks of each.
  private let count: Int
  private let blocks: Int

  /// Rows whose product is in scratch memory at once.
  private static let rowsTogether = 96

  static func byteCount(of matrix: PanelMatrix, count: Int) -> Int {
    count * (matrix.panelCount * PanelMatrix.blockBytes + rowsTogether * PanelMatrix.block * 4)
  }

  init(of matrix: PanelMatrix, blocks range: Range<Int>, in memory: AlignedMemory) {
    self.memory = memory
    count = range.count
    blocks = matrix.panelCount
    columns = range.lowerBound * 32..<min(range.upperBound * 32, matrix.columns)
    for (place, block) in range.enumerated() {
      unsafe matrix.turn(block: block, into: panel(place))
    }
  }

  /// dx[t, columns] += gradient[t, :] · panels
  func addProduct(_ gradient: QuantizedRows, rows: Int, into dx: Matrix) {
    for first in stride(from: 0, to: rows, by: Self.rowsTogether) {
      let part = first..<min(first + Self.rowsTogether, rows)
      unsafe ck_panel_product(
        panel(0), count, blocks, gradient.rows, gradient.codes(row: first),
        gradient.scales(row: first), gradient.corrections(row: first), part.count, product,
        columns.count, columns.count)
      unsafe ck_add_rows(
        product, part.count, columns.count, dx.at(first, columns.lowerBound), dx.columns)
    }
  }

  private func panel(_ place: Int) -> UnsafeMutablePointer<UInt8> {
    let start = place * blocks * PanelMatrix.blockBytes
    return unsafe (memory.base + start).assumingMemoryBound(to: UInt8.self)
  }

  private var product: UnsafeMutablePointer<Float> {
    let start = count * blocks * PanelMatrix.blockBytes
    return unsafe (memory.base + start).assumingMemoryBound(to: Float.self)
  }
}
