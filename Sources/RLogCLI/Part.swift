import ArgumentParser
import Foundation
import RecordLog

/// Which records are wanted, as far as chunk headers and tables can tell.
struct Part: ParsableArguments {
  @Option(help: "Only records of this type.") var type: String?
  @Option(help: "Begin at this sequence number.") var fromSeq: UInt64?
  @Option(help: "Stop before this sequence number.") var toSeq: UInt64?

  @Option(
    name: .customLong("time"),
    help: """
      Only what was written within FROM..TO, such as 2026-01-01..2026-02-01T12:00:00Z; either end \
      may be missing.
      """)
  var time: TimeRange?

  var takesAll: Bool { type == nil && fromSeq == nil && toSeq == nil && time == nil }

  enum Share { case none, some, all }

  /// How much of a chunk is wanted.
  func share(of chunk: StoredChunk, in description: LogDescription?) -> Share {
    share(of: chunk.header, types: chunk.types, in: description)
  }

  func share(
    of header: ChunkHeader, types: Set<UInt16>, in description: LogDescription?
  ) -> Share {
    if let time, !time.contains(header.time) { return .none }
    let wanted = (fromSeq ?? 0)..<max(fromSeq ?? 0, toSeq ?? .max)
    let there = header.firstSequence..<header.nextSequence
    guard wanted.overlaps(there) else { return .none }
    var isWhole = wanted.clamped(to: there) == there
    if let type {
      let matching = types.filter { typeName($0, in: description) == type }
      if matching.isEmpty { return .none }
      isWhole = isWhole && matching.count == types.count
    }
    return isWhole ? .all : .some
  }

  func contains(_ barrier: Barrier) -> Bool {
    barrier.sequence >= fromSeq ?? 0 && barrier.sequence <= toSeq ?? .max
  }

  /// Of a record whose chunk is wanted at least in part.
  func contains(_ record: Record) -> Bool {
    guard record.sequence >= fromSeq ?? 0, record.sequence < toSeq ?? .max else { return false }
    guard let type else { return true }
    return record.type == 0 ? type == "bytes" : (record.typeName ?? "type \(record.type)") == type
  }
}

/// A range of dates, the second one exclusive.
struct TimeRange: ExpressibleByArgument {
  /// Microseconds since 1970.
  let microseconds: Range<UInt64>

  init?(argument: String) {
    guard let dots = argument.range(of: "..") else { return nil }
    let (from, to) = (argument[..<dots.lowerBound], argument[dots.upperBound...])
    guard let first = from.isEmpty ? 0 : Self.microseconds(String(from)),
      let last = to.isEmpty ? UInt64.max : Self.microseconds(String(to)), first <= last
    else { return nil }
    microseconds = first..<last
  }

  func contains(_ time: UInt64) -> Bool { microseconds.contains(time) }

  /// A day in UTC, a date with a time and a zone, or a number of seconds since 1970.
  private static func microseconds(_ text: String) -> UInt64? {
    let day = Date.ISO8601FormatStyle().year().month().day()
    var seconds = Double(text)
    if seconds == nil {
      let isDay = text.utf8.count == 10
      let date = isDay ? try? day.parse(text) : try? Date.ISO8601FormatStyle().parse(text)
      seconds = date?.timeIntervalSince1970
    }
    guard let seconds, (0..<1e12).contains(seconds) else { return nil }
    return UInt64(seconds * 1e6)
  }
}

extension RecordChunk {
  /// Each record by itself.
  func all(_ description: LogDescription?) -> [Record] {
    (0..<count).map { index in
      Record(
        sequence: sequence(index), type: type(index),
        typeName: description?.type(type(index))?.name,
        bytes: Array(bytes[range(index)]), cursor: header.inputCursor, chunkOffset: header.offset)
    }
  }
}
