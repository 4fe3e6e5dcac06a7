import Bytes
import Glibc

/// What of a damaged log goes into the repaired one.
public enum KeptRecords: String, Sendable, CaseIterable {
  case all
  /// In front of the first damage.
  case before
  /// Behind the last damage.
  case after
}

/// What a repair did.
public struct RepairReport: Equatable, Sendable {
  /// In the new file, which numbers them without gaps.
  public var records: UInt64 = 0
  /// The numbers that the records had, in rising ranges.
  public var kept: [Range<UInt64>] = []
  public var regions: [DamagedRegion] = []
  /// Bits that were turned back.
  public var fixed: [FixedBit] = []
  public var ending: LogEnding?

  /// The numbers of records that the damage took; more may be missing where some region does not
  /// know.
  public var lost: [Range<UInt64>] {
    regions.compactMap { region in
      guard let count = region.lostRecords, count > 0 else { return nil }
      return region.firstSequence..<region.firstSequence + count
    }
  }

  fileprivate mutating func keep(_ sequences: Range<UInt64>) {
    records += UInt64(sequences.count)
    if let last = kept.last, last.upperBound == sequences.lowerBound {
      kept[kept.count - 1] = last.lowerBound..<sequences.upperBound
    } else {
      kept.append(sequences)
    }
  }
}

/// A bit that was turned back.
public struct FixedBit: Hashable, Sendable {
  public var flip: BitFlip
  /// Of a folder: the name of the file.
  public var file: String?
}

/// Makes a whole log of what can be read of a damaged one, a file or a folder. Nothing of the damaged
/// one is changed.
public struct LogRepair {
  public var keep = KeptRecords.all
  /// Whether single wrong bits are turned back where that makes every checksum hold.
  public var fixesBits = false
  public var budget = SalvageBudget()

  public init() {}

  /// Writes the repaired log to `output`, which must not exist, and verifies it.
  public func run(from path: String, to output: String) throws(RecordLogError) -> RepairReport {
    guard fixesBits else { return try copyRecords(from: path, to: output) }
    let copy = output + ".bits"
    defer { removeCopy(copy) }
    try makeCopy(of: path, at: copy)
    let fixed = try fixBits(in: copy)
    var report = try copyRecords(from: copy, to: output)
    report.fixed = fixed
    return report
  }

  // MARK: Records

  private func copyRecords(
    from path: String, to output: String
  ) throws(RecordLogError) -> RepairReport {
    let damage = try lastDamage(of: path)
    let reader = try open(path)
    var options = RecordLogOptions()
    options.firstSequence = reader.prologue.firstSequence
    options.largestRecord = ByteCount(Int(reader.prologue.largestRecord))
    options.writerName = "rlog repair"
    options.types = []
    let writer = try RecordLogWriter(creating: output, options: options)
    var report = RepairReport()
    do throws(RecordLogError) {
      try copy(reader, behind: damage, to: writer, &report)
      try writer.finish()
      try verify(output, report.records)
    } catch {
      unsafe unlink(output)
      throw error
    }
    return report
  }

  private func open(_ path: String) throws(RecordLogError) -> RecordLogReader {
    try RecordLogReader(path: path, options: ReadOptions(mode: .salvage(budget)))
  }

  /// The number of the first record behind all damage; nil where that is of no interest.
  private func lastDamage(of path: String) throws(RecordLogError) -> UInt64? {
    guard keep == .after else { return nil }
    let reader = try open(path)
    while try reader.nextChunk() != nil {}
    return reader.regions.filter { !$0.isTornTail }.map {
      $0.firstSequence + ($0.lostRecords ?? 0)
    }.max()
  }

  /// Chunks are passed on as they are stored, once they were decoded to see that they can be.
  private func copy(
    _ reader: RecordLogReader, behind first: UInt64?, to writer: RecordLogWriter,
    _ report: inout RepairReport
  ) throws(RecordLogError) {
    let copier = RecordCopier(to: writer)
    while let item = try reader.nextStoredItem(verifying: .decoded) {
      if keep == .before, !reader.regions.isEmpty { break }
      guard case .chunk(let chunk) = item else {
        if case .barrier(let barrier) = item { try copier.pass(barrier, keepingCursor: true) }
        continue
      }
      let header = chunk.header
      let start = max(first ?? 0, header.firstSequence)
      guard start < header.nextSequence else { continue }
      let description = completed(reader.description, for: chunk)
      let cursor = header.inputCursor > 0 ? header.inputCursor : nil
      if start == header.firstSequence {
        try copier.append(chunk, of: description, from: reader.path, cursor: cursor)
      } else {
        try copier.append(chunk, from: start, of: description, path: reader.path, cursor: cursor)
      }
      report.keep(start..<header.nextSequence)
    }
    report.regions = reader.regions
    report.ending = reader.ending
  }

  /// A type whose declaration is lost gets a name made of its number.
  private func completed(
    _ description: LogDescription?, for chunk: StoredChunk
  ) -> LogDescription {
    var whole = description ?? LogDescription(types: [])
    let isLines = chunk.header.flags.contains(.newline)
    for id in chunk.types.sorted() where id != 0 && whole.type(id) == nil {
      whole.types.append(
        RecordType(id: id, name: "type \(id)", encoding: isLines ? .json : .bytes))
    }
    return whole
  }

  private func verify(_ path: String, _ records: UInt64) throws(RecordLogError) {
    let reader = try RecordLogReader(path: path)
    var count: UInt64 = 0
    while let chunk = try reader.nextChunk() { count += UInt64(chunk.count) }
    guard count == records else {
      throw RecordLogError(.contradiction(.records, "\(count) of \(records)"), path: path)
    }
  }

  // MARK: Bits

  /// Turns back one bit after the other, for as long as that leaves less damage.
  private func fixBits(in path: String) throws(RecordLogError) -> [FixedBit] {
    var fixed: [FixedBit] = []
    var hopeless: Set<Place> = []
    while true {
      let reader = try open(path)
      while try reader.nextChunk() != nil {}
      let places = reader.regions.map { Place(file: $0.file, offset: $0.range.lowerBound) }
        .filter { hopeless.insert($0).inserted }
      guard !places.isEmpty else { return fixed }
      for place in places {
        let file = place.file.map { "\(path)/\($0)" } ?? path
        guard let flip = try BitFlip.find(inChunkAt: place.offset, of: file) else { continue }
        try turn(flip, in: file)
        fixed.append(FixedBit(flip: flip, file: place.file))
      }
    }
  }

  /// Where something is damaged.
  private struct Place: Hashable {
    var file: String?
    var offset: UInt64
  }

  private func turn(_ flip: BitFlip, in path: String) throws(RecordLogError) {
    do throws(FileError) {
      let file = try OpenFile(path: path, flags: O_RDWR)
      var byte: UInt8 = 0
      guard unsafe pread(file.descriptor, &byte, 1, off_t(flip.place)) == 1 else {
        throw FileError(.read, path: path)
      }
      byte ^= 1 << UInt8(flip.bit)
      guard unsafe pwrite(file.descriptor, &byte, 1, off_t(flip.place)) == 1 else {
        throw FileError(.write, path: path)
      }
    } catch {
      throw RecordLogError(.file(error), path: path)
    }
  }

  /// Copies a file, or the files of a folder that salvage looks at.
  private func makeCopy(of path: String, at copy: String) throws(RecordLogError) {
    guard SegmentList.isFolder(path) else {
      return try LogCopy.make(of: path, upTo: .max, at: copy)
    }
    guard unsafe mkdir(copy, 0o700) == 0 else {
      throw RecordLogError(.file(FileError(.create, path: copy)), path: copy)
    }
    for name in try SegmentList.salvageableNames(in: path) {
      try LogCopy.make(of: "\(path)/\(name)", upTo: .max, at: "\(copy)/\(name)")
    }
  }

  private func removeCopy(_ copy: String) {
    guard SegmentList.isFolder(copy) else {
      unsafe unlink(copy)
      return
    }
    for name in (try? SegmentList.salvageableNames(in: copy)) ?? [] {
      unsafe unlink("\(copy)/\(name)")
    }
    unsafe rmdir(copy)
  }
}

extension RecordLogReader {
  /// What salvage passed over so far.
  public var regions: [DamagedRegion] {
    events.compactMap {
      guard case .damage(let region) = $0 else { return nil }
      return region
    }
  }
}

/// Copies of log files, which are worked on in the file's stead.
public enum LogCopy {
  /// Copies the first `count` bytes of `path` to `copy`, which must not exist.
  static func make(of path: String, upTo count: UInt64, at copy: String) throws(RecordLogError) {
    do throws(FileError) {
      let from = try OpenFile(path: path)
      let to = try OpenFile(path: copy, flags: O_WRONLY | O_CREAT | O_EXCL)
      var left = count
      while left > 0 {
        let piece = try from.read(upTo: Int(min(left, 1 << 20)))
        if piece.isEmpty { break }
        try to.write(piece.rawSpan)
        left -= UInt64(piece.count)
      }
      try to.sync()
    } catch {
      throw RecordLogError(.file(error), path: copy)
    }
  }

  /// Copies all records of `path` as they are, and writes index and seal anew.
  /// - Throws: where records are damaged; that is for ``LogRepair``.
  public static func reindex(_ path: String, to copy: String) throws(RecordLogError) {
    let reader = try RecordLogReader(path: path, options: ReadOptions(mode: .tailTolerant))
    var end = reader.place
    while reader.ending == nil {
      // Behind the records nothing is needed.
      guard let header = try reader.nextHeader(verifying: .stored), header.kind != .index,
        header.kind != .seal
      else { break }
      end = reader.place
    }
    guard end > 0 else { return }
    try make(of: path, upTo: end, at: copy)
    try seal(copy)
  }

  /// Ends a log whose writer did not: bytes behind its last whole chunk go to a file of their own,
  /// index and seal are appended.
  public static func seal(_ path: String) throws(RecordLogError) {
    try RecordLogWriter(appendingTo: path).finish()
  }
}
