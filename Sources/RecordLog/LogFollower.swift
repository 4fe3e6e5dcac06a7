import Bytes
import Glibc

/// Reads a log while somebody writes it: a file, or a folder through all its segments.
///
/// Files are never mapped. A chunk is delivered when all its checksums hold; one that is not yet
/// whole at the end of the last segment is waited for, and damage in front of what some chunk promises
/// to be durable is an error. Where a segment was retired, its chunks come once, though they are
/// written again to the next one.
public final class LogFollower {
  public let path: String
  /// Whether records wait until they would survive a power cut.
  ///
  /// Only chunks further on tell of that, so the last ones wait for the next commit or the seal.
  public let durableOnly: Bool
  /// Of a folder: whether to wait for its log to be opened once more, behind the seal of its end.
  public let staysBehindSeal: Bool
  /// Whether the log has come to its end.
  public private(set) var ending: LogEnding?
  public var description: LogDescription? { walk.description }
  public var segment: UInt64 { walk.chain.prologue.segment }
  public private(set) var nextSequence: UInt64
  private let isFolder: Bool
  private var input: LogInput
  private var walk: SegmentWalk
  /// Runs ahead through the headers.
  private var scout: SegmentWalk
  /// Whether no more comes to the segment, and everything in it is durable.
  private var isClosed = false
  /// How many bytes of the segment count.
  private var end = UInt64.max
  static let pause: useconds_t = 10_000

  /// - Parameter first: the number of the first record wanted. Of a folder, earlier segments are not
  ///   looked into; chunks are delivered whole.
  public init(
    path: String, durableOnly: Bool = false, from first: UInt64 = 0, staysBehindSeal: Bool = false
  ) throws(RecordLogError) {
    self.path = path
    self.durableOnly = durableOnly
    self.staysBehindSeal = staysBehindSeal
    isFolder = SegmentList.isFolder(path)
    var file = path
    if isFolder {
      let list = try SegmentList(folder: path)
      guard !list.segments.isEmpty else { throw RecordLogError(.notALog, path: path) }
      file = list.segments[list.index(of: first)].path
    }
    input = try LogFollower.open(file)
    guard input.isSeekable else { throw RecordLogError(.cannotSeek, path: path) }
    walk = try SegmentWalk(input, limits: ReadLimits())
    scout = try SegmentWalk(input, limits: ReadLimits())
    nextSequence = walk.chain.nextSequence
  }

  private static func open(_ path: String) throws(RecordLogError) -> LogInput {
    do throws(FileError) { return try LogInput(segment: path) } catch {
      throw RecordLogError(.file(error), path: path)
    }
  }

  /// The next chunk of records; waits for it. Nil at the end of the log.
  /// - Parameter isWanted: asked before each wait; false ends it, with nil.
  public func next(
    while isWanted: () -> Bool = { true }
  ) throws(RecordLogError) -> RecordChunk? {
    while ending == nil {
      if let chunk = try nextPresent() { return chunk }
      guard ending == nil, isWanted() else { return nil }
      usleep(LogFollower.pause)
    }
    return nil
  }

  /// The next chunk of records that is there; nil where there is none yet.
  public func nextPresent() throws(RecordLogError) -> RecordChunk? {
    while ending == nil {
      if let chunk = try nextInSegment() {
        guard chunk.header.nextSequence > nextSequence else { continue }
        guard chunk.header.firstSequence == nextSequence else {
          throw walk.failure(
            .brokenChain(
              "the first sequence number", expected: nextSequence,
              found: chunk.header.firstSequence))
        }
        nextSequence = chunk.header.nextSequence
        return chunk
      }
      guard ending == nil, isFolder, try enterNextSegment() else { return nil }
    }
    return nil
  }

  private func nextInSegment() throws(RecordLogError) -> RecordChunk? {
    do throws(RecordLogError.Problem) {
      if !isClosed { try input.refresh() }
      if durableOnly { try lookAhead() }
      while ending == nil, let header = try walk.readHeader() {
        guard isReady(header) else { return nil }
        let chunk = try take(header)
        walk.accept()
        if let chunk { return chunk }
      }
    } catch {
      guard try isNotYetThere(error) else { throw walk.failure(error) }
    }
    return nil
  }

  private func isReady(_ header: ChunkHeader) -> Bool {
    guard header.offset + header.length <= end else { return false }
    return !durableOnly || isClosed || header.offset + header.length <= scout.chain.promised
  }

  private func take(_ header: ChunkHeader) throws(RecordLogError.Problem) -> RecordChunk? {
    let table = try walk.readTable(header)
    switch header.kind {
    case .data:
      let records = try walk.records(header, table: table)
      return RecordChunk(header, table: records, bytes: try walk.decodeValues(header))
    case .meta: try walk.describe(table)
    case .seal:
      isClosed = true
      let goesOn = header.flags.contains(.continues) || staysBehindSeal
      if !isFolder || !goesOn && nextFile == nil { ending = .sealed }
    case .abort: ending = .aborted(reason: try walk.readReason(header))
    case .index, .mark: break
    case nil: try walk.verifyUnknown(header)
    }
    return nil
  }

  /// Learns what is promised by now. A header that is not whole yet ends it.
  private func lookAhead() throws(RecordLogError.Problem) {
    do throws(RecordLogError.Problem) {
      while !isClosed, let header = try scout.readHeader() {
        if header.kind == .seal || header.kind == .abort {
          _ = try scout.readTable(header)
          isClosed = true
        }
        scout.accept()
      }
    } catch {
      guard error.category == .damage else { throw error }
    }
  }

  /// Whether what cannot be read may still be being written.
  private func isNotYetThere(_ problem: RecordLogError.Problem) throws(RecordLogError) -> Bool {
    guard problem.category == .damage, let end = input.byteCount, walk.place <= end else {
      return false
    }
    do throws(RecordLogError.Problem) {
      let beyond = try walk.lookBeyond()
      return max(walk.chain.promised, beyond.promised) <= walk.chain.offset && !beyond.isSealed
    } catch {
      throw walk.failure(error)
    }
  }
}

// MARK: Segments of a folder

extension LogFollower {
  /// The segment behind the current one, if it is there by now; or the one that took the place of one
  /// without a record that counts.
  private var nextFile: SegmentFile? {
    let own = walk.chain.prologue
    let names = (try? SegmentList.names(in: path)) ?? []
    for name in names {
      guard let first = SegmentName.sequence(name), first >= own.firstSequence,
        let file = try? SegmentFile(path: path + "/" + name, limits: ReadLimits()),
        file.prologue.logID == own.logID, file.prologue.fileID.tag != own.fileID.tag
      else { continue }
      let follows =
        file.prologue.segment == own.segment + 1 && file.prologue.previousTag == own.fileID.tag
      let replaces =
        file.prologue.segment == own.segment && nextSequence == own.firstSequence
      return follows || replaces ? file : nil
    }
    return nil
  }

  /// Goes on with the next segment when the current one has nothing more to give; false where there
  /// is none yet.
  private func enterNextSegment() throws(RecordLogError) -> Bool {
    guard let next = nextFile else { return false }
    let length = next.prologue.previousLength
    if next.prologue.segment > segment, !isClosed, walk.chain.offset < length {
      // What counts of a segment that was retired, though it was not there a moment ago.
      do throws(RecordLogError.Problem) { try input.refresh() } catch { throw walk.failure(error) }
      (isClosed, end) = (true, length)
      return true
    }
    input = try LogFollower.open(next.path)
    walk = try SegmentWalk(input, limits: ReadLimits())
    scout = try SegmentWalk(input, limits: ReadLimits())
    (isClosed, end) = (false, .max)
    return true
  }
}
