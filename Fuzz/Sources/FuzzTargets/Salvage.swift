import RecordLog

extension FuzzTarget {
  /// A damaged log, read on behind the damage, from a file and through a pipe: what comes out has
  /// rising numbers, and from a log that is whole everything comes, untold.
  static let recordLogSalvage = FuzzTarget("record-log-salvage", repair: LogRepair.repair) {
    bytes in
    withFile(of: bytes) { path in
      let strict = Salvaged { try RecordLogReader(path: path) }
      let options = ReadOptions(mode: .salvage())
      let salvaged = Salvaged { try RecordLogReader(path: path, options: options) }
      salvaged.check()
      if strict.isWhole {
        demand(
          salvaged.records == strict.records && salvaged.regions.isEmpty && salvaged.isWhole,
          "\(strict.records.count) whole records, \(salvaged.records.count) salvaged")
      }
      withPipe(of: bytes) { descriptor in
        Salvaged { try RecordLogReader(descriptor: descriptor, options: options) }.check()
      }
      return salvaged.isWhole
    }
  }

  private struct Salvaged {
    var records: [Record] = []
    var regions: [DamagedRegion] = []
    var isWhole = false

    init(_ open: () throws -> RecordLogReader) {
      guard let reader = try? open() else { return }
      isWhole = true
      do {
        while let record = try reader.next() { records.append(record) }
      } catch {
        isWhole = false
      }
      regions = reader.regions
      for region in regions { _ = region.description }
    }

    /// Two logs may follow one another in a stream, but no record comes twice or out of order.
    func check() {
      for (record, next) in zip(records, records.dropFirst()) {
        demand(record.sequence < next.sequence, "\(next.sequence) behind \(record.sequence)")
      }
    }
  }
}
