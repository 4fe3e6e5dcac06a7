import Bytes
import Glibc

/// What a writer found in the file that it continues.
public struct RecoveredLog: Equatable, Sendable {
  public var records: UInt64
  public var nextSequence: UInt64
  /// How far the log's own input had been read; 0 where that was not noted.
  public var lastCursor: UInt64
  public var lastInputTag: UInt32
  /// Bytes behind the last whole chunk, which were cut off.
  public var debrisBytes: UInt64
  /// Where they were copied to; nil where there were none.
  public var debris: String?
  /// Why the chunk at the end is not whole; nil where nothing was cut off.
  public var tear: RecordLogError?
  /// Of a folder: the segment in which acknowledged bytes are damaged. It was given another name, and
  /// the log goes on in a new one; ``tear`` says what is wrong with it.
  public var setAside: SetAsideSegment?
}

/// Where the last whole chunk of an unsealed file ends.
///
/// What some chunk promises to be durable is damage when it cannot be read, and never taken for a
/// torn tail; only past the highest promise is the content of chunks verified. Looking changes
/// nothing, so it can be repeated.
struct Recovery {
  /// How much debris is kept; a whole session's worth would fill the disk once more.
  static let debrisKept = 64 << 20

  let path: String
  /// Stands behind the last whole chunk.
  let chain: SegmentChain
  let index: [UInt8]
  let description: LogDescription?
  /// The number of the last barrier; 0 where there is none.
  let lastBarrier: UInt64
  /// What stands behind the last whole chunk, as file offsets.
  let debris: Range<UInt64>
  let found: RecoveredLog

  init(path: String) throws(RecordLogError) {
    let input: LogInput
    do throws(FileError) { input = try LogInput(path: path) } catch {
      throw RecordLogError(.file(error), path: path)
    }
    guard let byteCount = input.byteCount else { throw RecordLogError(.cannotSeek, path: path) }
    let promise = try Recovery.highestPromise(input)
    var walk = try SegmentWalk(input, limits: ReadLimits())
    var index: [UInt8] = []
    var tear: RecordLogError?
    while walk.place < byteCount {
      do throws(RecordLogError.Problem) {
        guard let header = try Recovery.step(&walk, verifyingFrom: promise) else { break }
        if header.kind == .data { index += IndexEntry(header).encoded() }
      } catch {
        let failure = walk.failure(error)
        guard error.category == .damage, walk.chain.offset >= promise else { throw failure }
        tear = failure
        break
      }
    }
    self.path = path
    chain = walk.chain
    self.index = index
    description = walk.description
    lastBarrier = walk.lastBarrier?.number ?? 0
    debris = walk.place..<byteCount
    found = RecoveredLog(
      records: chain.nextSequence - chain.prologue.firstSequence, nextSequence: chain.nextSequence,
      lastCursor: chain.lastCursor, lastInputTag: chain.lastInputTag,
      debrisBytes: UInt64(debris.count), tear: tear)
  }

  /// Takes in one chunk, its content verified where it ends past `promise`.
  private static func step(
    _ walk: inout SegmentWalk, verifyingFrom promise: UInt64
  ) throws(RecordLogError.Problem) -> ChunkHeader? {
    guard let header = try walk.readHeader() else { return nil }
    let isPastPromise = header.offset + header.length > promise
    guard header.kind != .data else {
      try walk.readRecords(header)
      if isPastPromise { try walk.verifyValues(header) }
      walk.noteLargestRecord(walk.records.largest)
      walk.accept()
      return header
    }
    let table = try walk.readTable(header)
    // Of a seal that a power cut tore, the header may be whole.
    guard header.kind != .seal, header.kind != .abort else { throw .alreadyEnded }
    if isPastPromise { try walk.verifyValues(header) }
    if header.kind == .meta { try walk.describe(table) }
    if header.kind == .mark { try walk.pass(header, table) }
    walk.accept()
    return header
  }

  /// What the file's headers promise at most, holes or not.
  private static func highestPromise(_ input: LogInput) throws(RecordLogError) -> UInt64 {
    var walk = try SegmentWalk(input, limits: ReadLimits())
    do throws(RecordLogError.Problem) {
      while try walk.readHeader() != nil { walk.accept() }
      return walk.chain.promised
    } catch {
      guard error.category == .damage else { throw walk.failure(error) }
    }
    do throws(RecordLogError.Problem) {
      return max(walk.chain.promised, try walk.lookBeyond().promised)
    } catch {
      throw walk.failure(error)
    }
  }

  /// Copies the debris to a file of its own, beside the log or in `folder`, and returns its path.
  func copyDebris(into folder: String?) throws(RecordLogError.Problem) -> String? {
    guard !debris.isEmpty else { return nil }
    do throws(FileError) {
      let input = try LogInput(path: path)
      var bytes: [UInt8] = []
      let count = try read(input, into: &bytes)
      let aside = unusedName(in: folder)
      var file = try FileReplacement(path: aside)
      try file.write(bytes.rawSpan.extracting(first: count))
      try file.commit()
      return aside
    } catch {
      throw .file(error)
    }
  }

  private func read(_ input: LogInput, into bytes: inout [UInt8]) throws(FileError) -> Int {
    do throws(RecordLogError.Problem) {
      return try input.read(
        at: debris.lowerBound, count: min(debris.count, Recovery.debrisKept), into: &bytes)
    } catch {
      guard case .file(let failure) = error else { return 0 }
      throw failure
    }
  }

  private func unusedName(in folder: String?) -> String {
    let name = path.split(separator: "/").last ?? ""
    let base = folder.map { "\($0)/\(name)" } ?? "\(path).debris"
    var number = 1
    while unsafe access("\(base)-\(number)", F_OK) == 0 { number += 1 }
    return "\(base)-\(number)"
  }
}
