import ArgumentParser
import Bytes
import Foundation
import RecordLog

struct Split: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Several logs of one.",
    discussion: """
      --shards deals the records out in turn: record i goes to shard i modulo N. --bytes fills one \
      log after the other; these are segments of one log, so that cat part-*.rlg | rlog cat gives \
      the records again. The logs are PREFIX-00000.rlg and so on. With more than 8 shards --threads \
      has no effect, for the sake of memory.
      """)

  @OptionGroup var logs: Logs
  @Option(help: "How many logs, 64 at most.") var shards: Int?
  @Option(help: "Record bytes per log, such as 256MiB.") var bytes: String?
  @Option(name: .shortAndLong, help: "What the names of the logs begin with.", completion: .file())
  var output: String
  @Flag(help: "One JSON object per log made.") var json = false
  @OptionGroup var threading: ThreadOptions

  /// Chunks that are packed ahead take memory for every shard.
  private static let mostPackedAhead = 8

  func validate() throws {
    guard (shards == nil) != (bytes == nil) else {
      throw ValidationError("Give --shards or --bytes.")
    }
    if let shards, !(1...64).contains(shards) { throw ValidationError("--shards takes 1 to 64.") }
    if let bytes, (ByteCount(parsing: bytes)?.bytes ?? 0) < 1 {
      throw ValidationError("--bytes takes an amount such as 256MiB, not \(bytes).")
    }
  }

  func run() throws {
    let packers = shards ?? 1 > Self.mostPackedAhead ? 0 : threading.threads
    let set = ShardSet(
      prefix: output, logID: .random(in: 1 ... .max), shards: shards ?? 0, packers: packers)
    let limit = bytes.flatMap(ByteCount.init(parsing:)).map { UInt64($0.bytes) }
    var number: UInt64 = 0
    let kind: ExitKind
    do {
      if let shards {
        kind = try logs.eachRecord(barrier: set.pass) { record, reader in
          try set.append(record, from: reader, to: Int(number % UInt64(shards)))
          number += 1
        }
      } else {
        kind = try logs.eachStoredChunk(barrier: set.pass) { chunk, reader in
          try set.append(chunk, from: reader, fillingTo: limit ?? .max)
        }
      }
      try set.finish()
    } catch {
      set.discard()
      throw error
    }
    let output = try Output()
    for line in set.lines {
      if json { try output.json(line) } else { try output.line("\(line.records)\t\(line.path)") }
    }
    try output.flush()
    if kind != .good { throw kind }
  }
}

/// The logs that a split makes. They get their names together, at the end.
private final class ShardSet {
  struct Line: Encodable {
    var path: String
    var records: UInt64
    var bytes: UInt64
  }

  private(set) var lines: [Line] = []
  private var copiers: [RecordCopier?] = []
  private let prefix: String
  private let logID: UInt64

  /// Whose threads all logs share.
  private let sharing: RecordLogOptions

  /// How many logs records are dealt out to; 0 where these are segments.
  private let shards: Int

  init(prefix: String, logID: UInt64, shards: Int, packers: Int) {
    self.prefix = prefix
    self.logID = logID
    self.shards = shards
    var sharing = RecordLogOptions()
    sharing.packers = packers
    self.sharing = sharing.withPackers()
  }

  func append(_ record: Record, from reader: RecordLogReader, to shard: Int) throws {
    while copiers.count <= shard { try begin(like: reader) }
    try copiers[shard]?.append(record, of: reader.description)
    lines[shard].records += 1
    lines[shard].bytes += UInt64(record.bytes.count)
  }

  /// A chunk that fits goes as it is stored; the records of others one by one.
  func append(_ chunk: StoredChunk, from reader: RecordLogReader, fillingTo limit: UInt64) throws {
    if lines.isEmpty { try begin(like: reader, isSegment: true) }
    let whole = Int(chunk.header.valuesRaw)
    guard whole > limit - min(limit, lines[lines.count - 1].bytes) else {
      try copiers[lines.count - 1]?.append(chunk, of: reader.description, from: reader.path)
      return count(chunk.count, whole)
    }
    let records = try records(of: chunk, reader)
    for index in 0..<records.count {
      let size = records.range(index).count
      try makeRoom(for: size, limit, like: reader)
      try copiers[lines.count - 1]?.append(records, index, of: reader.description)
      count(1, size)
    }
  }

  /// Every shard gets its barrier; of segments the one that is being filled.
  func pass(_ barrier: Barrier, from reader: RecordLogReader) throws {
    while copiers.count < shards { try begin(like: reader) }
    for copier in copiers { try copier?.pass(barrier) }
  }

  private func count(_ records: Int, _ bytes: Int) {
    lines[lines.count - 1].records += UInt64(records)
    lines[lines.count - 1].bytes += UInt64(bytes)
  }

  /// Goes on with another log where the last one is full.
  private func makeRoom(for size: Int, _ limit: UInt64, like reader: RecordLogReader) throws {
    guard let last = lines.last, last.records > 0, last.bytes + UInt64(size) > limit else { return }
    let next = copiers[lines.count - 1]?.writer.nextSequence ?? 0
    try copiers[lines.count - 1]?.writer.finish()
    copiers[lines.count - 1] = nil
    try begin(like: reader, firstSequence: next, isSegment: true)
  }

  private func begin(
    like reader: RecordLogReader, firstSequence: UInt64 = 0, isSegment: Bool = false
  ) throws {
    let digits = String(lines.count)
    let padded = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    let path = "\(prefix)-\(padded).rlg"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw FileError(.open, path: path, code: EEXIST)
    }
    var options = outputOptions(like: reader, sharing: sharing)
    options.largestRecord = ByteCount(Int(reader.prologue.largestRecord))
    if isSegment {
      options.logID = logID
      options.firstSequence = firstSequence
      options.segment = UInt64(lines.count)
    }
    try? FileManager.default.removeItem(atPath: path + ".part")
    copiers.append(
      RecordCopier(to: try RecordLogWriter(creating: path + ".part", options: options)))
    lines.append(Line(path: path, records: 0, bytes: 0))
  }

  func finish() throws {
    for copier in copiers { try copier?.writer.finish() }
    for line in lines {
      guard unsafe rename(line.path + ".part", line.path) == 0 else {
        throw FileError(.rename, path: line.path)
      }
    }
    if let path = lines.first?.path { try syncFolder(of: path) }
  }

  func discard() { for line in lines { unsafe unlink(line.path + ".part") } }
}
