import Bytes

/// A place between two records at which all stages of a pipe can make what they have durable, so that
/// their logs, cut there, belong together.
///
/// It stands in a log as a MARK whose table is its number. Numbers rise.
public struct Barrier: Equatable, Sendable {
  public var number: UInt64
  /// Of the first record behind it.
  public var sequence: UInt64
  /// The writer's position in its own input; 0 where it did not say.
  public var cursor: UInt64

  public init(number: UInt64, sequence: UInt64, cursor: UInt64 = 0) {
    (self.number, self.sequence, self.cursor) = (number, sequence, cursor)
  }

  /// The table of a MARK: the number of the last barrier; nothing where there was none.
  static func table(_ number: UInt64) -> [UInt8] {
    guard number > 0 else { return [] }
    var out = ByteWriter(reserving: ChunkLayout.barrierBytes)
    out.append(number)
    return out.bytes
  }

  /// The barrier that stands at a chunk; nil where none does.
  init?(_ header: ChunkHeader, table: [UInt8]) throws(RecordLogError.Problem) {
    guard header.isBarrier else { return nil }
    var reader = ByteReader(table.rawSpan)
    guard table.count == ChunkLayout.barrierBytes, let number: UInt64 = try? reader.next() else {
      throw .malformed(.table, "\(table.count) bytes for the number of a barrier")
    }
    self.init(number: number, sequence: header.firstSequence, cursor: header.inputCursor)
  }
}
