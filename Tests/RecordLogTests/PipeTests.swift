import Foundation
import Synchronization
import TestSupport
import Testing

@testable import RecordLog

/// Row 12 of the plan: logs that come out of a pipe, in whatever pieces and however they end.
struct PipeTests {
  /// Small segments: pipes are made for each of thousands of cases.
  static func segment(_ records: [String], first: Int = 0, number: UInt64 = 0) throws -> [UInt8] {
    let folder = try QuickFolder()
    var options = repeatable(chunk: 200, sync: .never)
    options.fileID = FileID(tag: 100 + number, rest: 1)
    options.firstSequence = UInt64(first)
    options.segment = number
    try write(records, to: folder.file("a"), options: options)
    return try bytes(of: folder.file("a"))
  }

  @Test func `a log may come in two pieces, split anywhere, and byte by byte`() throws {
    let start = ContinuousClock.now
    let records = lines(40)
    let one = try Self.segment(Array(records[..<20]))
    let two = try Self.segment(Array(records[20...]), first: 20, number: 1)
    var tally = Tally()
    for (whole, expected) in [(one, Array(records[..<20])), (one + two, records)] {
      let parts = try onAllCores { core, cores in
        var tally = Tally()
        for place in stride(from: core, to: whole.count, by: cores) {
          tally.cases += 1
          let reading = PipeReading(
            pieces: [Array(whole[..<place]), Array(whole[place...])], .strict)
          if reading.records != expected || reading.ending != .sealed || reading.error != nil {
            tally.complain("split at \(place): \(reading)")
          }
        }
        return tally
      }
      for part in parts { tally.add(part) }
      for piece in [1, 2, 3, 127, 129] {
        tally.cases += 1
        let reading = StreamTests().read { StreamTests().send(whole, piece: piece, to: $0) }
        if reading.records != expected || reading.ending != .sealed {
          tally.complain("pieces of \(piece): \(reading)")
        }
      }
    }
    #expect(tally.verdict == "")
    report(
      row: 12, since: start,
      """
      \(grouped(tally.cases)) ways to split one segment and two joined ones: \
      \(tally.complaintCount) read otherwise
      """)
  }

  @Test func `a pipe that ends anywhere gives the exact prefix and is never taken for a whole log`()
    throws
  {
    let start = ContinuousClock.now
    let folder = try QuickFolder()
    try write(lines(30), to: folder.file("a"), options: repeatable(chunk: 200, sync: .never))
    let whole = try bytes(of: folder.file("a"))
    let log = try WholeLog("piped", whole, records: lines(30).map { [UInt8]($0.utf8) + [10] })
    let parts = try onAllCores { core, cores in
      var tally = Tally()
      for length in stride(from: core, to: whole.count, by: cores) {
        tally.cases += 1
        let strict = PipeReading(pieces: [Array(whole[..<length])], .strict)
        let tolerant = PipeReading(pieces: [Array(whole[..<length])])
        let (count, isClean) = log.whole(below: length)
        let isPrefix = tolerant.records == Array(lines(30).prefix(Int(count)))
        let isTold =
          length < 128
          ? tolerant.error != nil
          : tolerant.error == nil && (tolerant.ending == .unsealed) == isClean
        if strict.error == nil || !isPrefix || !isTold {
          tally.complain("length \(length): \(strict), \(tolerant)")
        }
      }
      return tally
    }
    var tally = Tally()
    for part in parts { tally.add(part) }
    #expect(tally.verdict == "")
    report(
      row: 12, since: start,
      "a pipe that ends after each of \(grouped(tally.cases)) lengths: \(tally.complaintCount) wrong"
    )
  }

  @Test func `a pipe joined at any byte gives what stands behind that place`() throws {
    let start = ContinuousClock.now
    let records = lines(30)
    let whole = try Self.segment(records)
    let log = try WholeLog("joined", whole, records: records.map { [UInt8]($0.utf8) + [10] })
    let parts = try onAllCores { core, cores in
      var tally = Tally()
      for place in stride(from: core + 1, to: whole.count, by: cores) {
        tally.cases += 1
        let reading = PipeReading(pieces: [Array(whole[place...])], .salvage())
        let first = log.headers.first { Int($0.offset) >= place }.map { Int($0.firstSequence) }
        let expected = Array(records[(first ?? records.count)...])
        if reading.records != expected || (reading.events.isEmpty && reading.error == nil) {
          tally.complain("from \(place): \(reading.records.count) of \(expected.count), \(reading)")
        }
      }
      return tally
    }
    var tally = Tally()
    for part in parts { tally.add(part) }
    #expect(tally.verdict == "")
    report(
      row: 12, since: start,
      "a pipe joined at each of \(grouped(tally.cases)) bytes: \(tally.complaintCount) wrong")
  }

  @Test func `a producer that is killed leaves a prefix and no good end`() throws {
    let start = ContinuousClock.now
    var random = SeededGenerator(12)
    let rounds = Volume.of(50, full: 200)
    var records = 0
    for round in 0..<rounds {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      let producer = try Forked {
        close(ends[0])
        guard
          let writer = try? RecordLogWriter(
            streamingTo: ends[1], options: repeatable(chunk: 300 + round * 40))
        else { return 1 }
        var number = 0
        while (try? writer.append(#"{"id":\#(number)}"#)) != nil { number += 1 }
        return 2
      }
      close(ends[1])
      let pause = UInt32.random(in: 500...10_000, using: &random)
      Thread.detachNewThread {
        usleep(pause)
        producer.kill()
      }
      let found = Self.count(ends[0])
      close(ends[0])
      #expect(producer.wait() == -SIGKILL)
      #expect(found.error?.category != nil && found.isRight, "round \(round): \(found)")
      records += found.records
    }
    report(
      row: 12, since: start,
      "\(rounds) producers killed, \(grouped(records)) records before that, no end taken for a seal"
    )
  }

  /// Reads numbered records, strictly, for as long as there are any.
  private static func count(
    _ descriptor: Int32
  ) -> (records: Int, isRight: Bool, error: RecordLogError?) {
    var count = 0
    var isRight = true
    do {
      let reader = try RecordLogReader(descriptor: descriptor)
      while let record = try reader.next() {
        isRight = isRight && String(decoding: record.bytes, as: UTF8.self) == "{\"id\":\(count)}\n"
        count += 1
      }
      return (count, isRight, nil)
    } catch {
      return (count, isRight, error)
    }
  }
}
