import Foundation

@testable import RecordLog

/// What a reader made of bytes that came out of a pipe, cut into pieces as given.
///
/// Each piece is written when the one before it has left the pipe, so that no read crosses a
/// boundary between two.
struct PipeReading {
  var records: [String] = []
  var ending: LogEnding?
  var events: [RecordLogEvent] = []
  var error: RecordLogError?

  /// - Parameter pieces: the first must fit into a pipe where it is the only one.
  init(pieces: [[UInt8]], _ mode: ReadMode = .tailTolerant) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { fatalError("no pipe") }
    let (from, to) = (ends[0], ends[1])
    if pieces.count == 1 {
      Self.send(pieces, to: to)
    } else {
      Thread.detachNewThread { Self.send(pieces, to: to) }
    }
    read(from, mode)
    close(from)
  }

  private static func send(_ pieces: [[UInt8]], to descriptor: Int32) {
    for (index, piece) in pieces.enumerated() {
      guard Foundation.write(descriptor, piece, piece.count) == piece.count else {
        fatalError("\(piece.count) bytes do not fit into the pipe")
      }
      var left: Int32 = index + 1 < pieces.count ? 1 : 0
      while left > 0 {
        sched_yield()
        if ioctl(descriptor, UInt(FIONREAD), &left) != 0 { left = 0 }
      }
    }
    close(descriptor)
  }

  private mutating func read(_ descriptor: Int32, _ mode: ReadMode) {
    do {
      let reader = try RecordLogReader(descriptor: descriptor, options: .init(mode: mode))
      defer {
        ending = reader.ending
        events = reader.events
      }
      while let record = try reader.next() {
        records.append(String(decoding: record.bytes.dropLast(), as: UTF8.self))
      }
    } catch {
      self.error = error
    }
  }
}
