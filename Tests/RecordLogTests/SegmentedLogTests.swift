import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

struct SegmentedLogTests {
  func segments(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("seg-") }
      .sorted()
  }

  func write(
    _ records: [String], to folder: String, options: RecordLogOptions = segmented(),
    finishing: Bool = true
  ) throws {
    let writer = try SegmentedLogWriter(folder, options: options)
    for record in records { try writer.append(record) }
    if finishing { try writer.finish() } else { try writer.commit() }
  }

  @Test func `a folder of many segments reads as one log`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(2000), to: log)
    let names = try segments(log)
    #expect(names.count > 5)
    #expect(names.allSatisfy { $0.hasSuffix(".rlg") && $0.count == 28 })
    for mapping in [true, false] {
      let reading = read(log, mapping: mapping)
      #expect(reading.records == lines(2000))
      #expect(reading.sequences == Array(0..<2000))
      #expect(reading.ending == .sealed)
    }
    let reader = try RecordLogReader(path: log)
    #expect(reader.summary?.records == 2000)
    #expect(reader.segmentCount == names.count)
    while try reader.nextHeader(verifying: .stored) != nil {}
    #expect(reader.sums.records == 2000)
    #expect(reader.sums.rawBytes == reader.summary?.rawBytes)
    #expect(reader.sums.fingerprint == reader.summary?.fingerprint)
  }

  @Test func `segments joined by cat read as the folder does`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(600), to: log)
    let joined = folder.file("joined.rlg")
    try put(try segments(log).flatMap { try bytes(of: log + "/" + $0) }, at: joined)
    #expect(read(joined).records == lines(600))
  }

  @Test func `a segment ends at the size asked for, and none grows far beyond it`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(3000), to: log)
    for name in try segments(log).dropLast() {
      let size = try bytes(of: log + "/" + name).count
      #expect((12_000..<16_000).contains(size), "\(name): \(size)")
    }
  }

  @Test func `any record can be sought in any segment`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(1500), to: log, finishing: false)
    let reader = try RecordLogReader(path: log, options: .init(mode: .tailTolerant))
    var target = UInt64(7)
    for _ in 0..<300 {
      target = (target * 7919 + 13) % 1500
      try reader.seek(toSequence: target)
      let record = try #require(try reader.next())
      #expect(record.sequence == target)
      #expect(String(decoding: record.bytes.dropLast(), as: UTF8.self) == lines(1500)[Int(target)])
    }
    try reader.seek(toSequence: 1490)
    var rest = 0
    while try reader.next() != nil { rest += 1 }
    #expect(rest == 10)
    try reader.seek(toSequence: 0)
    #expect(try reader.next()?.sequence == 0)
    #expect(throws: RecordLogError.self) { try reader.seek(toSequence: 1501) }
  }

  @Test func `a log that was left goes on behind its last record, over many sessions`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    for session in 0..<12 {
      let writer = try SegmentedLogWriter(log, options: segmented())
      #expect(
        writer.positions
          == LogPositions(appended: UInt64(session * 50), durable: UInt64(session * 50)))
      #expect(writer.lastCursor == UInt64(session * 50))
      for number in session * 50..<session * 50 + 50 {
        try writer.append(lines(600)[number], cursor: UInt64(number + 1))
      }
      if session % 3 == 2 { try writer.finish() } else { try writer.commit() }
      let mode = session % 3 == 2 ? ReadMode.strict : .tailTolerant
      #expect(read(log, mode).records == Array(lines(600)[..<(session * 50 + 50)]))
    }
  }

  @Test func `a log without its last segment is not taken for a whole one`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(600), to: log)
    let last = try #require(try segments(log).last)
    try FileManager.default.removeItem(atPath: log + "/" + last)
    #expect(read(log).error?.problem == .unterminated)
    #expect(read(log, .tailTolerant).ending == .unsealed)
    #expect(try RecordLogReader(path: log).summary == nil)
  }

  @Test func `a missing segment is named, to readers and writers`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(900), to: log)
    let names = try segments(log)
    for (number, name) in names.enumerated().dropLast() {
      let path = log + "/" + name
      try FileManager.default.moveItem(atPath: path, toPath: folder.file("away"))
      let wanted = RecordLogError.Problem.missingSegment(UInt64(number))
      for mode in [ReadMode.strict, .tailTolerant] {
        #expect(read(log, mode).error?.problem == wanted)
      }
      let error = #expect(throws: RecordLogError.self) { try SegmentedLogWriter(log) }
      #expect(error?.problem == wanted)
      try FileManager.default.moveItem(atPath: folder.file("away"), toPath: path)
    }
    #expect(read(log).records == lines(900))
  }

  @Test func `a segment of another log, a cut one and a longer one are found at once`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(900), to: log)
    var other = segmented()
    other.logID = 8
    try write(lines(900), to: folder.file("other"), options: other)
    let name = try segments(log)[1]
    let path = log + "/" + name
    let whole = try bytes(of: path)
    try put(try bytes(of: folder.file("other/" + name)), at: path)
    #expect(read(log).error?.problem == .foreignSegment)
    try put(whole.dropLast(256), at: path)
    #expect(
      read(log, .tailTolerant).error?.problem
        == .truncated(wanted: UInt64(whole.count), present: UInt64(whole.count - 256)))
    try put(whole + whole.suffix(256), at: path)
    #expect(read(log).error?.problem == .trailingGarbage)
    try put(whole, at: path)
    #expect(read(log).records == lines(900))
  }

  @Test func `damage in a segment that has successors is never a torn tail`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(900), to: log, options: segmented(sync: .never))
    let path = log + "/" + (try segments(log)[1])
    let whole = try bytes(of: path)
    for place in stride(from: 130, to: whole.count, by: 997) {
      var damaged = whole
      damaged[place] ^= 1
      try put(damaged, at: path)
      let reading = read(log, .tailTolerant)
      #expect(reading.error?.category == .damage || reading.records == lines(900), "\(place)")
    }
  }

  @Test func `one writer at a time, which is named to the other`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    let writer = try SegmentedLogWriter(log, options: segmented())
    try writer.append("1")
    let error = #expect(throws: RecordLogError.self) { try SegmentedLogWriter(log) }
    guard case .inUse(let holder) = error?.problem else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(holder.contains("pid \(getpid())") && holder.contains("boot"))
    try writer.finish()
  }

  @Test(.enabled(if: isInstalled("flock")))
  func `another process's lock keeps us out, and its end lets us in`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(["1"], to: log)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exec flock \(log)/LOCK sh -c 'echo; read line'"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = try output.fileHandleForReading.read(upToCount: 1)
    #expect(throws: RecordLogError.self) { try SegmentedLogWriter(log) }
    try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
    process.waitUntilExit()
    let writer = try SegmentedLogWriter(log, options: segmented())
    try writer.append("2")
    try writer.finish()
    #expect(read(log).records == ["1", "2"])
  }

  @Test(arguments: [true, false])
  func `a seal whose renaming a crash prevented is completed`(isFinished: Bool) throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    do {
      let writer = try SegmentedLogWriter(log, options: segmented())
      for record in lines(20) { try writer.append(record) }
      if isFinished { try writer.finish() } else { try writer.roll() }
    }
    let name = log + "/" + (try #require(try segments(log).first))
    try FileManager.default.moveItem(atPath: name, toPath: name + ".open")
    #expect(read(log).records == lines(20))
    let again = try SegmentedLogWriter(log, options: segmented())
    #expect(again.recovered == nil)
    #expect(try segments(log).contains((name as NSString).lastPathComponent))
    try again.append("21")
    try again.finish()
    #expect(try segments(log).allSatisfy { $0.hasSuffix(".rlg") })
    #expect(read(log).records == lines(20) + ["21"])
  }

  @Test func `a seal without its index is cut off again`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(20), to: log)
    let name = log + "/" + (try segments(log)[0])
    var sealed = try bytes(of: name)
    for place in sealed.count - 512..<sealed.count - 256 { sealed[place] = 0 }
    try put(sealed, at: name + ".open")
    try FileManager.default.removeItem(atPath: name)
    try write(["21"], to: log)
    #expect(read(log).records == lines(20) + ["21"])
  }

  @Test func `a torn tail is set aside in its folder`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    try write(lines(60), to: log, finishing: false)
    let name = try #require(try segments(log).last)
    let whole = try bytes(of: log + "/" + name)
    try put(whole + [1, 2, 3], at: log + "/" + name)
    let writer = try SegmentedLogWriter(log, options: segmented())
    let debris = try #require(writer.recovered?.debris)
    #expect(debris.hasPrefix(log + "/debris/"))
    #expect(try bytes(of: debris) == [1, 2, 3])
    try writer.finish()
    #expect(read(log).records == lines(60))
  }

  @Test func `a segment with damaged acknowledged records is set aside, none of it changed`() throws
  {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    let writer = try SegmentedLogWriter(log, options: segmented())
    for record in lines(20) {
      try writer.append(record)
      try writer.commit()
    }
    let name = log + "/" + (try #require(try segments(log).last))
    var damaged = try bytes(of: name)
    // In the first of two commits, which the second one promises.
    damaged[damaged.count / 4] ^= 1
    let copy = folder.file("copy")
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
    for name in try segments(log) { try put(bytes(of: log + "/" + name), at: copy + "/" + name) }
    let copied = copy + "/" + (name as NSString).lastPathComponent
    try put(damaged, at: copied)
    let goingOn = try SegmentedLogWriter(copy, options: segmented())
    let aside = copied.replacingOccurrences(of: ".rlg.open", with: ".rlg.damaged")
    #expect(try bytes(of: aside) == damaged)
    #expect(goingOn.recovered?.setAside?.file == (aside as NSString).lastPathComponent)
    #expect(goingOn.positions.appended == 20)
  }

  @Test func `appended and durable are two numbers under every policy`() throws {
    let folder = try TemporaryFolder()
    for (name, policy, expected) in [
      ("every", SyncPolicy.everyCommit, UInt64(0)), ("none", .never, 0),
      ("interval", .interval(.zero), 99),
    ] {
      let writer = try SegmentedLogWriter(folder.file(name), options: segmented(sync: policy))
      for record in lines(100) { try writer.append(record) }
      if name != "interval" {
        // Rolling makes a segment durable whatever the policy.
        let border = try #require(try segments(folder.file(name)).last).prefix(24).suffix(20)
        #expect(writer.positions.durable == UInt64(border).map { max($0, expected) })
      } else {
        #expect(writer.positions.durable == expected)
      }
      #expect(writer.positions.appended == 100)
      let reached = try writer.commit().durable
      #expect(reached == (policy == .never ? writer.positions.durable : 100))
    }
    var options = segmented(sync: .bytes(ByteCount(2000)))
    options.segmentSize = .mebibytes(1)
    let writer = try SegmentedLogWriter(folder.file("bytes"), options: options)
    var seen: Set<UInt64> = []
    for record in lines(100) {
      try writer.append(record)
      seen.insert(writer.positions.durable)
    }
    #expect(seen.count > 3 && !seen.contains(100))
  }

  @Test func `a mark survives rolling, retiring and reopening`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    let files = FaultyFiles()
    do {
      let writer = try SegmentedLogWriter(log, options: segmented(files))
      try writer.mark(cursor: 77)
      files.calls = [.sync]
      files.failing = files.count..<files.count + 1
      try writer.mark(cursor: 78)
      #expect(writer.lastCursor == 78)
    }
    let writer = try SegmentedLogWriter(log, options: segmented())
    #expect(writer.lastCursor == 78)
    try writer.append("1", cursor: 79)
    try writer.roll()
    try writer.append("2")
    try writer.finish()
    #expect(read(log).records == ["1", "2"])
  }

  @Test func `a finished log without a record can be opened again`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    for _ in 0..<3 { try write([], to: log) }
    #expect(read(log).records == [])
    #expect(read(log).ending == .sealed)
    try write(["1"], to: log)
    for _ in 0..<3 { try write([], to: log) }
    try write(["2"], to: log)
    #expect(read(log).records == ["1", "2"])
    #expect(try segments(log).allSatisfy { $0.hasSuffix(".rlg") })
  }

  @Test func `types are known in every segment`() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("log")
    let writer = try SegmentedLogWriter(log, options: segmented())
    try writer.append("1")
    let type = try writer.declare("late")
    for record in lines(300) { try writer.append(record, type: type) }
    try writer.finish()
    let reader = try RecordLogReader(path: log)
    #expect(try reader.next()?.typeName == "json")
    while let record = try reader.next() { #expect(record.typeName == "late") }
    try reader.seek(toSequence: 299)
    #expect(try reader.next()?.typeName == "late")
  }
}
