import Bytes

/// A segment in which a writer found acknowledged bytes damaged. It lies in the folder still, under a
/// name that ends in `.damaged`; the log goes on behind the highest number that can have been promised
/// in it. Every later segment's META says so.
public struct SetAsideSegment: Equatable, Sendable, Codable {
  public var segment: UInt64
  /// Its name in the folder.
  public var file: String
  public var firstSequence: UInt64
  public var nextSequence: UInt64
  /// The numbers of the records that cannot be read, from and up to but not including; of more than a
  /// thousand ranges the first.
  public var lost: [[UInt64]]
  public var reason: String

  enum CodingKeys: String, CodingKey {
    case segment, file, lost, reason
    case firstSequence = "first_sequence"
    case nextSequence = "next_sequence"
  }

  public var lostRecords: UInt64 { lost.reduce(0) { $0 + ($1[1] - $1[0]) } }
}

/// What a damaged segment still tells.
struct DamagedSegment {
  static let rangesKept = 1000

  private(set) var nextSequence: UInt64
  private(set) var cursor: UInt64 = 0
  private(set) var description: LogDescription?
  private(set) var lost: [Range<UInt64>] = []

  /// Reads all that can be read of it.
  /// - Parameter next: the number that the segment behind begins with, where there is one.
  init(_ file: SegmentFile, before next: UInt64? = nil) throws(RecordLogError) {
    var expected = file.prologue.firstSequence
    nextSequence = expected
    do throws(RecordLogError) {
      let reader = try RecordLogReader(
        path: file.path, options: ReadOptions(mode: .salvage(.init(regions: .max))))
      while let chunk = try reader.nextChunk() {
        lose(expected..<max(expected, chunk.header.firstSequence))
        expected = max(expected, chunk.header.nextSequence)
      }
      cursor = reader.lastCursor
      description = reader.description
      nextSequence = reader.regions.reduce(expected) { end, region in
        max(end, region.firstSequence + (region.lostRecords ?? 0))
      }
    } catch {
      // Of what cannot be read at all, everything is lost.
      guard error.category == .damage else { throw error }
    }
    nextSequence = max(nextSequence, next ?? 0)
    lose(expected..<nextSequence)
  }

  private mutating func lose(_ range: Range<UInt64>) {
    if !range.isEmpty { lost.append(range) }
  }

  /// The entry for the log's description.
  func entry(of file: SegmentFile, because problem: RecordLogError.Problem) -> SetAsideSegment {
    SetAsideSegment(
      segment: file.prologue.segment, file: fileName(file.path),
      firstSequence: file.prologue.firstSequence, nextSequence: nextSequence,
      lost: lost.prefix(Self.rangesKept).map { [$0.lowerBound, $0.upperBound] },
      reason: "\(problem)")
  }
}

/// The last part of a path.
func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
