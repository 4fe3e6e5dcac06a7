import Bytes
import Glibc

/// Reads a log while somebody writes it.
///
/// The file is never mapped. A chunk is delivered when all its checksums hold; one that is not yet
/// whole at the end of the file is waited for, and damage in front of what some chunk promises to
/// be durable is an error.
public final class LogFollower {
  public let path: String
  /// Whether records wait until they would survive a power cut.
  ///
  /// Only chunks further on tell of that, so the last ones wait for the next commit or the seal.
  public let durableOnly: Bool
  /// Whether the log has come to its end.
  public private(set) var ending: LogEnding?
  public var description: LogDescription? { walk.description }
  public var segment: UInt64 { walk.chain.prologue.segment }
  public var nextSequence: UInt64 { walk.chain.nextSequence }
  private let input: LogInput
  private var walk: SegmentWalk
  /// Runs ahead through the headers.
  private var scout: SegmentWalk
  private var isSealed = false
  static let pause: useconds_t = 10_000

  public init(path: String, durableOnly: Bool = false) throws(RecordLogError) {
    self.path = path
    self.durableOnly = durableOnly
    do throws(FileError) { input = try LogInput(path: path) } catch {
      throw RecordLogError(.file(error), path: path)
    }
    guard input.isSeekable else { throw RecordLogError(.cannotSeek, path: path) }
    walk = try SegmentWalk(input, limits: ReadLimits())
    scout = try SegmentWalk(input, limits: ReadLimits())
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
    do throws(RecordLogError.Problem) {
      try input.refresh()
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
    !durableOnly || isSealed || header.offset + header.length <= scout.chain.promised
  }

  private func take(_ header: ChunkHeader) throws(RecordLogError.Problem) -> RecordChunk? {
    let table = try walk.readTable(header)
    switch header.kind {
    case .data:
      let records = try walk.records(header, table: table)
      return RecordChunk(header, table: records, bytes: try walk.decodeValues(header))
    case .meta: try walk.describe(table)
    case .seal: ending = .sealed
    case .abort: ending = .aborted(reason: try walk.readReason(header))
    case .index, .mark: break
    case nil: try walk.verifyUnknown(header)
    }
    return nil
  }

  /// Learns what is promised by now. A header that is not whole yet ends it.
  private func lookAhead() throws(RecordLogError.Problem) {
    do throws(RecordLogError.Problem) {
      while !isSealed, let header = try scout.readHeader() {
        if header.kind == .seal || header.kind == .abort {
          _ = try scout.readTable(header)
          isSealed = true
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
