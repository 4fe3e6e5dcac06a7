import Corpus
import RecordLog

extension FuzzTarget {
  /// What a stage that was killed left behind is its output so far and its place in the input. The
  /// place is what the last whole chunk says, and the stage goes on from there to the end: nothing
  /// twice, nothing left out, and what was there stays.
  static let cursor = FuzzTarget("cursor", repair: LogRepair.repair) { bytes in
    withFile(of: bytes) { path in
      guard let before = place(in: path), (try? CorpusWriter.removeStub(path)) != nil,
        let stage = try? CorpusWriter(path: path), let found = stage.recovered
      else { return false }
      let kept = bytes.count - Int(found.debrisBytes)
      let cursor = lastCursor(in: bytes[..<kept])
      demand(stage.lastCursor == cursor, "cursor \(stage.lastCursor), written was \(cursor)")
      demand(stage.nextSequence == before.next, "\(stage.nextSequence) follows \(before.next)")
      guard stage.nextSequence < .max - 100, let made = resume(stage) else { return false }
      let after = place(in: path)
      demand(
        after?.next == before.next + UInt64(made), "\(made) more than \(before): \(after as Any)")
      demand(after?.cursor == UInt64(input.count), "done, and \(after as Any)")
      return true
    }
  }

  /// What every stage here reads.
  private static let input = (0..<24).map { KeywordList(keywords: ["word \($0)"]) }

  /// Goes on with a stage that makes a record of two in three; returns how many it made. Nil where
  /// the input has no such place.
  private static func resume(_ stage: CorpusWriter) -> Int? {
    let begin = stage.lastCursor
    guard begin <= input.count else { return nil }
    var made = 0
    for place in Int(begin)..<input.count {
      let cursor = UInt64(place + 1)
      if place % 3 == 2 {
        guard (try? stage.mark(cursor: cursor)) != nil else { return nil }
      } else {
        guard (try? stage.append(input[place], cursor: cursor)) != nil else { return nil }
        made += 1
      }
    }
    if begin == input.count { return (try? stage.mark(cursor: begin)) == nil ? nil : 0 }
    return (try? stage.commit()) == nil ? nil : made
  }

  /// The number of the next record, and the place in the input; nil where the log cannot be read.
  private static func place(in path: String) -> (next: UInt64, cursor: UInt64)? {
    do throws(RecordLogError) {
      let options = ReadOptions(mode: .tailTolerant)
      let reader = try RecordLogReader(path: path, options: options)
      while try reader.nextHeader(verifying: .stored) != nil {}
      return (reader.nextSequence, reader.lastCursor)
    } catch {
      return nil
    }
  }

  /// Where a log of whole chunks says that its writer stood in its own input: in the last chunk that
  /// says so. After the specification, and not by RecordLog.
  private static func lastCursor(in log: ArraySlice<UInt8>) -> UInt64 {
    func number(_ place: Int, _ width: Int) -> UInt64 {
      log[place..<place + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    var cursor: UInt64 = 0
    var place = 128
    while place + 128 <= log.endIndex {
      let isSaid = number(place + 56, 8) != 0 || number(place + 64, 4) != 0
      if isSaid { cursor = number(place + 56, 8) }
      place += 8 + Int(number(place + 4, 4)) + Int(number(place + 92, 4))
    }
    return cursor
  }
}
