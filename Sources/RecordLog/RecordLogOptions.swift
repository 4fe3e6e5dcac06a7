public import Bytes
import Glibc

/// When written bytes are made to survive a power cut.
///
/// Whatever the policy, ``RecordLogWriter/durableSequence`` says what has been reached.
public enum SyncPolicy: Equatable, Sendable {
  /// At every commit, and not in between.
  case everyCommit
  /// At every commit, and in between whenever this much has been written.
  case bytes(ByteCount)
  /// At every commit, and when something is appended this long after the last time.
  case interval(Duration)
  /// Leave it to the system. Commits then only hand the bytes over.
  case never
}

/// What a writer of a folder does when the disk is full.
public enum DiskFullPolicy: Equatable, Sendable {
  /// The call fails and can be made again later.
  case fail
  /// The call waits and tries again at this interval.
  case wait(Duration)
}

/// How a log is written.
public struct RecordLogOptions: Sendable {
  /// Record bytes per chunk; a larger record gets a chunk of its own.
  public var chunk: ByteCount = .kibibytes(256)
  public var blockSize: BlockSize = .kibibytes64
  /// Larger records are refused.
  public var largestRecord: ByteCount = .mebibytes(16)
  public var sync: SyncPolicy = .bytes(.mebibytes(8))
  /// How long a record may wait in an open chunk of a stream, whether or not more is appended.
  public var linger: Duration = .milliseconds(100)
  /// After how much silence a stream says that its writer is there. A file never gets such a word, nor
  /// does a stream that goes into one: their bytes do not depend on time.
  public var heartbeat: Duration = .seconds(1)
  /// After how many bytes a stream says again what types it has, for those who join late.
  public var descriptionInterval: ByteCount = .mebibytes(64)
  /// What may be appended. The first is what ``RecordLogWriter/append(_:type:cursor:)`` takes.
  public var types: [RecordType] = [.json]
  public var writerName = "synpo"
  /// Goes into the log's description.
  public var user: [String: JSONValue] = [:]
  /// Common to all segments of a log; random where nil.
  public var logID: UInt64?
  public var fileID: FileID?
  public var firstSequence: UInt64 = 0
  public var segment: UInt64 = 0
  /// In a folder: how many bytes a segment takes before the next one begins.
  public var segmentSize: ByteCount = .mebibytes(256)
  public var whenDiskFull = DiskFullPolicy.fail
  /// Which input the cursors belong to; 0 where there is one only.
  public var inputTag: UInt32 = 0
  /// Microseconds since 1970. The time stands in every header: who wants the same bytes twice
  /// gives the same time twice.
  public var clock: @Sendable () -> UInt64 = microsecondsNow

  /// How many threads pack chunks beside the one that appends, which then packs only while it
  /// waits. Pays where much is appended in a row: chunks that a commit closes are waited for. What
  /// is written does not depend on it; each thread has up to two chunks in memory.
  public var packers = 0

  var files: any LogFiles = SystemFiles()
  /// Common to the segments of a folder; made from ``packers``.
  private(set) var packing = WorkAhead<ClosedChunk>(threads: 0)

  /// The same options, with as many threads as they ask for. Writers made from copies of these share
  /// them; each other writer has its own.
  public func withPackers() -> RecordLogOptions {
    guard packing.threads != packers else { return self }
    var options = self
    options.packing = WorkAhead<ClosedChunk>(threads: packers)
    return options
  }

  public init() {}

  var prologue: Prologue {
    var prologue = Prologue(
      fileID: fileID ?? .random(), logID: logID ?? .random(in: 1 ... .max), created: clock())
    prologue.segment = segment
    prologue.firstSequence = firstSequence
    let record = min(max(largestRecord.bytes, 1), ChunkLayout.rawLimit)
    let chunk = min(max(chunk.bytes, record, 64 << 20), ChunkLayout.rawLimit)
    prologue.largestRecord = UInt32(record)
    prologue.largestChunk = UInt32(chunk)
    return prologue
  }

  var description: LogDescription {
    LogDescription(
      types: types, writer: .init(name: writerName, version: "1.0", codec: "lz4 \(LZ4.version)"),
      user: user.isEmpty ? nil : user)
  }
}

/// What a writer takes, in bytes. The file that is continued may have promised less than its
/// options allow.
struct AppendLimits {
  let record: Int
  let chunk: Int

  init(_ prologue: Prologue, _ options: RecordLogOptions) {
    record = Int(min(prologue.largestRecord, prologue.largestChunk))
    chunk = min(options.chunk.bytes, Int(prologue.largestChunk))
  }
}

/// The system's clock.
@Sendable
public func microsecondsNow() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &now)
  return UInt64(max(now.tv_sec, 0)) * 1_000_000 + UInt64(now.tv_nsec / 1000)
}
