import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

struct StreamTests {
  /// Reads what `feed` writes into a pipe from another thread.
  func read(_ mode: ReadMode = .strict, feed: @escaping @Sendable (Int32) -> Void) -> Reading {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (from, to) = (ends[0], ends[1])
    Thread.detachNewThread {
      feed(to)
      close(to)
    }
    defer { close(from) }
    var result = Reading()
    do {
      let reader = try RecordLogReader(descriptor: from, options: .init(mode: mode))
      defer { result.ending = reader.ending }
      while let record = try reader.next() {
        result.records.append(String(decoding: record.bytes.dropLast(), as: UTF8.self))
      }
    } catch {
      result.error = error
    }
    return result
  }

  func send(_ bytes: some Collection<UInt8>, piece: Int, to descriptor: Int32) {
    let all = Array(bytes)
    for start in stride(from: 0, to: all.count, by: piece) {
      let end = min(start + piece, all.count)
      guard
        Array(all[start..<end]).withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) > 0
      else { return }
    }
  }

  @Test func `a stream gives what was written into it`() {
    let reading = read { descriptor in
      do {
        let writer = try RecordLogWriter(streamingTo: descriptor, options: repeatable(chunk: 900))
        for record in lines(3000) { try writer.append(record) }
        try writer.finish()
      } catch {
        Issue.record(error)
      }
    }
    #expect(reading.records == lines(3000))
    #expect(reading.ending == .sealed)
  }

  @Test(arguments: [1, 3, 127, 129, 70_000])
  func `a stream may come in pieces of any size`(piece: Int) throws {
    let sample = try DamageTests.sample("sealed")
    let reading = read { send(sample.bytes, piece: piece, to: $0) }
    #expect(reading.records == sample.records)
    #expect(reading.ending == .sealed)
  }

  @Test func `a stream that stops anywhere before its seal is never taken for a whole one`() throws
  {
    let sample = try DamageTests.sample("sealed")
    for length in 0..<sample.bytes.count {
      let strict = read { send(sample.bytes[..<length], piece: 4096, to: $0) }
      #expect(strict.error != nil, "length \(length)")
      #expect(strict.records == Array(sample.records.prefix(strict.records.count)))
      guard length >= 128 else { continue }
      let tolerant = read(.tailTolerant) { send(sample.bytes[..<length], piece: 4096, to: $0) }
      let whole = sample.ends.last { $0.offset <= length }?.records ?? 0
      #expect(tolerant.records.count == whole, "length \(length)")
      #expect(tolerant.error == nil, "length \(length)")
    }
  }

  @Test func `damage in a stream is an error in either mode`() throws {
    let sample = try DamageTests.sample("sealed")
    for place in stride(from: 128, to: sample.ends[3].offset, by: 11) {
      var damaged = sample.bytes
      damaged[place] ^= 4
      let bytes = damaged
      #expect(read(.tailTolerant) { send(bytes, piece: 4096, to: $0) }.error != nil)
    }
  }

  @Test func `a producer can say why it stops`() {
    let feed: @Sendable (Int32) -> Void = { descriptor in
      let writer = try? RecordLogWriter(streamingTo: descriptor, options: repeatable())
      _ = try? writer?.append("1")
      try? writer?.abort("out of \"prompts\"")
    }
    let strict = read(feed: feed)
    #expect(strict.records == ["1"])
    #expect(strict.error?.problem == .aborted(reason: "out of \"prompts\""))
    #expect(read(.tailTolerant, feed: feed).ending == .aborted(reason: "out of \"prompts\""))
  }

  @Test func `a consumer that went away is told apart from other failures`() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let writer = try RecordLogWriter(streamingTo: ends[1], options: repeatable())
    close(ends[0])
    try writer.append("1")
    #expect { try writer.flush() } throws: { ($0 as? RecordLogError)?.problem == .consumerGone }
    #expect { try writer.append("2") } throws: { ($0 as? RecordLogError)?.problem == .retired }
    close(ends[1])
  }

  @Test func `a record that lingers goes out with the next one`() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { ends.forEach { close($0) } }
    var options = repeatable()
    options.linger = .zero
    let writer = try RecordLogWriter(streamingTo: ends[1], options: options)
    try writer.append("1")
    try writer.append("2")
    let reader = try RecordLogReader(descriptor: ends[0])
    #expect(try reader.next()?.bytes == [UInt8]("1\n".utf8))
  }
}
