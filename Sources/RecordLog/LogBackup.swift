public import Bytes
import Glibc

/// Copies of logs that may be written at the same time.
public enum LogBackup {
  public struct Result: Equatable, Sendable {
    public var files = 0
    public var bytes: UInt64 = 0
    public var records: UInt64 = 0
    /// Whether the copy has an end.
    public var isSealed = true
  }

  /// Copies a file, or a folder of segments, to `copy`, which must not exist.
  ///
  /// What is copied is verified first, and has the same bytes. Of a log that is being written the copy
  /// ends at the durable offset, behind a whole chunk: it opens like a log after a crash.
  /// - Parameter includesUndurable: whether to take all whole chunks of it instead.
  public static func make(
    of path: String, at copy: String, includesUndurable: Bool = false
  ) throws(RecordLogError) -> Result {
    var result = Result()
    guard SegmentList.isFolder(path) else {
      try take(path, to: copy, all: includesUndurable, into: &result)
      return result
    }
    let list = try SegmentList(folder: path, for: .writing)
    guard unsafe mkdir(copy, 0o755) == 0 else {
      throw RecordLogError(.file(FileError(.create, path: copy)), path: copy)
    }
    for (index, segment) in list.segments.enumerated() {
      let name = copy + "/" + fileName(segment.path)
      if index + 1 < list.segments.count || segment.isDamaged {
        // Where it ends, and that it is there, the next segment says.
        try LogCopy.make(of: segment.path, upTo: segment.end, at: name)
        result.bytes += segment.end
        result.files += 1
        result.records += try records(of: segment)
      } else {
        try take(segment.path, to: name, all: includesUndurable, into: &result)
      }
    }
    return result
  }

  private static func records(of segment: SegmentFile) throws(RecordLogError) -> UInt64 {
    if let seal = segment.seal { return seal.records }
    let reader = try RecordLogReader(path: segment.path, options: ReadOptions(mode: .salvage()))
    var count: UInt64 = 0
    while let header = try reader.nextHeader(), reader.place <= segment.end {
      count += UInt64(header.recordCount)
    }
    return count
  }

  private static func take(
    _ path: String, to copy: String, all: Bool, into result: inout Result
  ) throws(RecordLogError) {
    var source = path
    // A segment may be sealed, and renamed, between listing and copying.
    if unsafe access(path, F_OK) != 0, path.hasSuffix(SegmentName.openSuffix) {
      source = String(path.dropLast(SegmentName.openSuffix.count)) + SegmentName.suffix
    }
    let reader = try RecordLogReader(path: source, options: ReadOptions(mode: .tailTolerant))
    // Ends of chunks that nothing promises yet, and the records up to there.
    var waiting: [(end: UInt64, records: UInt64)] = []
    var (end, records, seen) = (UInt64(ChunkLayout.prologueBytes), UInt64(0), UInt64(0))
    while let header = try reader.nextHeader(verifying: .stored) {
      seen += UInt64(header.recordCount)
      waiting.append((reader.place, seen))
      let isEnd = header.kind == .seal || header.kind == .abort
      let promised = all || isEnd ? .max : reader.walk.chain.promised
      let durable = waiting.prefix { $0.end <= promised }
      if let last = durable.last { (end, records) = last }
      waiting.removeFirst(durable.count)
    }
    try LogCopy.make(of: source, upTo: end, at: copy)
    result.bytes += end
    result.records += records
    result.files += 1
    if reader.ending != .sealed { result.isSealed = false }
  }
}

/// Copies with another description, or packed anew.
public struct LogRewriting {
  /// Entries to set in the description, or to take away where nil.
  public var user: [String: JSONValue?] = [:]
  /// How records are packed; nil leaves chunks as they are stored.
  public var chunk: ByteCount?
  public var blockSize = BlockSize.kibibytes64

  public init() {}

  /// Copies all records of `path` to `output`, which must not exist. They keep their numbers, and the
  /// log its id and cursors. Returns how many there are.
  public func run(from path: String, to output: String) throws(RecordLogError) -> UInt64 {
    let reader = try RecordLogReader(path: path)
    var item = try reader.nextStoredItem()
    let writer = try RecordLogWriter(creating: output, options: options(like: reader))
    let copier = RecordCopier(to: writer)
    do throws(RecordLogError) {
      while let next = item {
        switch next {
        case .chunk(let chunk): try copy(chunk, of: reader, to: copier)
        case .barrier(let barrier): try copier.pass(barrier, keepingCursor: true)
        }
        item = try reader.nextStoredItem()
      }
      try writer.finish()
    } catch {
      unsafe unlink(output)
      throw error
    }
    return copier.count
  }

  private func copy(
    _ chunk: StoredChunk, of reader: RecordLogReader, to copier: RecordCopier
  ) throws(RecordLogError) {
    let cursor = chunk.header.inputCursor > 0 ? chunk.header.inputCursor : nil
    guard self.chunk != nil else {
      return try copier.append(chunk, of: reader.description, from: reader.path, cursor: cursor)
    }
    try copier.append(
      chunk, from: chunk.header.firstSequence, of: reader.description, path: reader.path,
      cursor: cursor)
  }

  private func options(like reader: RecordLogReader) -> RecordLogOptions {
    var options = RecordLogOptions()
    options.firstSequence = reader.segmentCount == nil ? reader.prologue.firstSequence : 0
    options.logID = reader.prologue.logID
    options.largestRecord = ByteCount(Int(reader.prologue.largestRecord))
    options.writerName = "rlog"
    options.sync = .bytes(.mebibytes(64))
    options.blockSize = blockSize
    if let chunk { options.chunk = chunk }
    guard let description = reader.description else { return options }
    options.types = description.types
    options.user = description.user ?? [:]
    for (key, value) in user { options.user[key] = value }
    return options
  }
}
