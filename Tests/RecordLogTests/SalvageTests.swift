import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Small files of every sort are damaged in every place, and read on behind the damage. Whatever
/// comes out must have gone in under the same number, and what is missing must be told.
struct SalvageTests {
  struct Sample: CustomTestStringConvertible {
    var name: String
    var records: [[UInt8]]
    var bytes: [UInt8]
    /// All chunks, as they stand.
    var headers: [ChunkHeader]
    var testDescription: String { name }
    var isSealed: Bool { headers.last?.kind == .seal }
    /// The most records that one chunk holds.
    var largestLoss: Int { headers.map { Int($0.recordCount) }.max() ?? 0 }

    init(
      _ name: String, _ records: [(bytes: [UInt8], type: String)], chunk: Int = 400,
      sealed: Bool = true, committingEvery interval: Int = .max
    ) throws {
      let folder = try TemporaryFolder()
      let path = folder.file("sample")
      var options = repeatable(chunk: chunk)
      options.types = [.json, RecordType(id: 2, name: "blob", encoding: .bytes)]
      let writer = try RecordLogWriter(creating: path, options: options)
      for (number, record) in records.enumerated() {
        try writer.append(record.bytes, type: writer.declare(record.type))
        if (number + 1) % interval == 0 { try writer.commit() }
      }
      if sealed { try writer.finish() } else { try writer.commit() }
      let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
      var headers: [ChunkHeader] = []
      while let header = try reader.nextHeader() { headers.append(header) }
      self.name = name
      self.records = records.map { $0.type == "json" ? $0.bytes + [10] : $0.bytes }
      self.headers = headers
      bytes = try RecordLogTests.bytes(of: path)
    }
  }

  static func json(_ count: Int) -> [(bytes: [UInt8], type: String)] {
    lines(count).map { ([UInt8]($0.utf8), "json") }
  }

  static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
  }

  static var mixed: [(bytes: [UInt8], type: String)] {
    json(24).enumerated().map { index, record in
      index % 3 == 1 ? (noise(index * 5, seed: UInt64(index)), "blob") : record
    }
  }

  static let samples: [Sample] = {
    let blobs = (0..<8).map { (noise(300, seed: $0 + 1), "blob") }
    let long = (0..<3).map { (Array(repeating: UInt8($0), count: 70_000), "blob") }
    return [
      try? Sample("sealed", json(40)), try? Sample("mixed", mixed),
      try? Sample("incompressible", blobs, chunk: 600),
      try? Sample("multi-block", long, chunk: 150_000),
      try? Sample("unsealed", json(40), sealed: false),
      try? Sample("committed", json(12), sealed: false, committingEvery: 5),
    ].compactMap { $0 }
  }()

  struct Salvaged {
    var records: [UInt64: [UInt8]] = [:]
    var isRising = true
    var regions: [DamagedRegion] = []
    var ending: LogEnding?
    var error: RecordLogError?
    var lost: UInt64 { regions.reduce(0) { $0 + ($1.lostRecords ?? 0) } }
    var isAllKnown: Bool { regions.allSatisfy { $0.lostRecords != nil } }
    var isTold: Bool { !regions.isEmpty || error != nil }
  }

  static func salvage(
    _ path: String, budget: SalvageBudget = .init(), streaming: Bool = false
  ) -> Salvaged {
    var result = Salvaged()
    do {
      let options = ReadOptions(mode: .salvage(budget))
      let reader: RecordLogReader
      if streaming {
        let process = Pipe()
        let bytes = try RecordLogTests.bytes(of: path)
        let thread = Thread {
          try? process.fileHandleForWriting.write(contentsOf: Data(bytes))
          try? process.fileHandleForWriting.close()
        }
        thread.start()
        reader = try RecordLogReader(
          descriptor: process.fileHandleForReading.fileDescriptor, options: options)
        result = read(reader)
        withExtendedLifetime(process) {}
      } else {
        reader = try RecordLogReader(path: path, options: options)
        result = read(reader)
      }
    } catch {
      result.error = error as? RecordLogError
    }
    return result
  }

  private static func read(_ reader: RecordLogReader) -> Salvaged {
    var result = Salvaged()
    var next: UInt64 = 0
    do {
      while let record = try reader.next() {
        result.isRising = result.isRising && record.sequence >= next
        next = record.sequence + 1
        result.records[record.sequence] = record.bytes
      }
    } catch {
      result.error = error
    }
    result.ending = reader.ending
    for case .damage(let region) in reader.events { result.regions.append(region) }
    return result
  }

  /// What is wrong with a reading, beyond what damage excuses.
  static func complaint(about salvaged: Salvaged, _ sample: Sample, mayLose: Int) -> String? {
    for (sequence, record) in salvaged.records
    where sequence >= sample.records.count || sample.records[Int(sequence)] != record {
      return "a wrong record \(sequence)"
    }
    if !salvaged.isRising { return "out of order" }
    let lacksSeal = sample.isSealed && salvaged.ending == .unsealed
    if !salvaged.isTold, !lacksSeal { return "nothing told" }
    let missing = sample.records.count - salvaged.records.count
    if missing > mayLose { return "\(missing) records lost" }
    if salvaged.isAllKnown, salvaged.lost != missing {
      return "\(missing) records lost, \(salvaged.lost) told"
    }
    return nil
  }

  func check(
    _ damaged: [UInt8], _ sample: Sample, _ what: String, mayLose: Int, at path: String
  ) throws {
    try put(damaged, at: path)
    let salvaged = SalvageTests.salvage(path)
    guard let complaint = SalvageTests.complaint(about: salvaged, sample, mayLose: mayLose) else {
      return
    }
    let told = salvaged.regions.map { "\($0)" }.joined(separator: "; ")
    Issue.record(
      "\(sample.name), \(what): \(complaint); \(told) \(String(describing: salvaged.error))")
  }

  // MARK: Tests

  @Test func `the samples are there, and undamaged ones come out whole and untold`() throws {
    #expect(SalvageTests.samples.count == 6)
    let folder = try TemporaryFolder()
    for sample in SalvageTests.samples {
      try put(sample.bytes, at: folder.file("whole"))
      for streaming in [false, true] {
        let salvaged = SalvageTests.salvage(folder.file("whole"), streaming: streaming)
        #expect(salvaged.records.count == sample.records.count, "\(sample.name)")
        #expect(!salvaged.isTold, "\(sample.name) \(salvaged)")
      }
    }
  }

  @Test(arguments: samples)
  func `a changed byte costs one chunk at most, and is always told`(sample: Sample) throws {
    let folder = try TemporaryFolder()
    var count = 0
    for place in sample.bytes.indices {
      for mask: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
        var damaged = sample.bytes
        damaged[place] ^= mask
        try check(
          damaged, sample, "byte \(place) ^ \(mask)", mayLose: sample.largestLoss,
          at: folder.file("flipped"))
        count += 1
      }
    }
    print("salvage: \(sample.name): \(count) changed bytes, 0 undetected, 0 wrong records")
  }

  @Test(arguments: samples)
  func `every truncation gives the exact prefix`(sample: Sample) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("cut")
    for length in 128..<sample.bytes.count {
      try put(sample.bytes[..<length], at: path)
      let salvaged = SalvageTests.salvage(path)
      let whole = sample.headers.last { Int($0.offset + $0.length) <= length }?.nextSequence ?? 0
      let isClean =
        length == 128
        || sample.headers.contains { Int($0.offset + $0.length) == length }
      #expect(salvaged.records.count == Int(whole), "\(sample.name), length \(length)")
      #expect(salvaged.isTold != isClean, "\(sample.name), length \(length)")
      #expect(SalvageTests.complaint(about: salvaged, sample, mayLose: .max) == nil || isClean)
    }
    print("salvage: \(sample.name): \(sample.bytes.count - 128) truncations")
  }

  @Test(arguments: samples)
  func `sectors zeroed, exchanged, doubled, dropped or replaced cost what they touch`(
    sample: Sample
  ) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("sectors")
    let sectors = stride(from: 0, to: sample.bytes.count, by: 512).map {
      Array(sample.bytes[$0..<min($0 + 512, sample.bytes.count)])
    }
    var count = 0
    func tryOut(_ changed: [[UInt8]], _ what: String, touching touched: [Int]) throws {
      let damaged = Array(changed.joined())
      guard damaged != sample.bytes else { return }
      try check(
        damaged, sample, what, mayLose: touched.reduce(0) { $0 + records(in: $1, of: sample) },
        at: path)
      count += 1
    }
    for index in sectors.indices {
      var changed = sectors
      changed[index] = Array(repeating: 0, count: sectors[index].count)
      try tryOut(changed, "sector \(index) zeroed", touching: [index])
      changed = sectors
      changed.insert(sectors[index], at: index)
      try tryOut(changed, "sector \(index) doubled", touching: [index, index + 1])
      changed = sectors
      changed.remove(at: index)
      try tryOut(changed, "sector \(index) dropped", touching: [index])
      for other in [index / 2, index + 1, sectors.count - 2] where sectors.indices.contains(other) {
        guard sectors[other].count == sectors[index].count else { continue }
        changed = sectors
        changed.swapAt(index, other)
        try tryOut(changed, "sectors \(index), \(other) exchanged", touching: [index, other])
        changed = sectors
        changed[index] = sectors[other]
        try tryOut(changed, "sector \(index) is \(other)", touching: [index])
      }
    }
    print("salvage: \(sample.name): \(count) damaged sectors")
  }

  /// The records of all chunks that lie in sector `index`, in part at least.
  private func records(in index: Int, of sample: Sample) -> Int {
    let sector = UInt64(index * 512)..<UInt64(index * 512 + 512)
    return sample.headers.filter { ($0.offset..<$0.offset + $0.length).overlaps(sector) }
      .reduce(0) { $0 + Int($1.recordCount) }
  }

  @Test(arguments: samples)
  func `chunks dropped, doubled or exchanged cost themselves`(sample: Sample) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("chunks")
    let chunks = sample.headers.map {
      Array(sample.bytes[Int($0.offset)..<Int($0.offset + $0.length)])
    }
    let start = Array(sample.bytes[..<128])
    for index in chunks.indices.dropLast() {
      let count = Int(sample.headers[index].recordCount)
      var changed = chunks
      changed.remove(at: index)
      try check(
        start + changed.joined(), sample, "chunk \(index) dropped", mayLose: count, at: path)
      for place in [index + 1, chunks.count - 1] {
        changed = chunks
        changed.insert(chunks[index], at: place)
        try check(
          start + changed.joined(), sample, "chunk \(index) again at \(place)", mayLose: 0, at: path
        )
      }
      guard index + 1 < chunks.count - 1 else { continue }
      changed = chunks
      changed.swapAt(index, index + 1)
      let most = max(count, Int(sample.headers[index + 1].recordCount))
      try check(
        start + changed.joined(), sample, "chunks from \(index) exchanged", mayLose: most, at: path)
    }
  }

  @Test func `events are named after what happened`() throws {
    let sample = try #require(SalvageTests.samples.first { $0.name == "sealed" })
    let folder = try TemporaryFolder()
    let path = folder.file("named")
    let chunk = sample.headers[3]
    let place = Int(chunk.offset)
    func reasons(_ change: (inout [UInt8]) -> Void) throws -> [DamageReason] {
      var damaged = sample.bytes
      change(&damaged)
      try put(damaged, at: path)
      return SalvageTests.salvage(path).regions.map(\.reason)
    }
    let length = Int(chunk.length)
    #expect(try reasons { $0[place + 30] ^= 1 } == [.header])
    #expect(try reasons { $0[place + 128] ^= 1 } == [.table])
    #expect(try reasons { $0[place + length - 20] ^= 1 } == [.payload])
    #expect(try reasons { $0[60] ^= 1 } == [.missingPrologue])
    #expect(try reasons { $0 += [1, 2, 3] } == [.trailingGarbage])
    #expect(
      try reasons { $0.replaceSubrange(place..<place + 512, with: repeatElement(0, count: 512)) }
        .first == .zeroedRange)
    let dropped = try reasons { $0.removeSubrange(place..<place + length) }
    #expect(dropped.first == .dropped)
    let doubled = try reasons { $0.insert(contentsOf: $0[place..<place + length], at: place) }
    #expect(doubled.first == .duplicate)
    #expect(
      try reasons {
        $0[place + 12] = 0x0A; $0.remove(at: place + 13)
      }.first == .lineEndsMangled)
    let foreign = try reasons { bytes in
      var header = chunk
      header.fileTag ^= 1
      bytes.replaceSubrange(place..<place + 128, with: header.encode())
    }
    #expect(foreign == [.foreignTag])
    let decoded = try reasons { bytes in
      var header = chunk
      header.rawChecksum ^= 1
      bytes.replaceSubrange(place..<place + 128, with: header.encode())
    }
    #expect(decoded == [.stale] || decoded == [.decodeMismatch], "\(decoded)")
    let sealed = try #require(sample.headers.last)
    let index = try #require(sample.headers.dropLast().last)
    #expect(try reasons { $0[Int(index.offset) + 140] ^= 1 } == [.index])
    #expect(try reasons { $0[Int(sealed.offset) + 140] ^= 1 } == [.tornTail])
  }

  @Test func `a file whose line ends were converted is named as such, with no wrong record`() throws
  {
    let sample = try #require(SalvageTests.samples.first { $0.name == "mixed" })
    let folder = try TemporaryFolder()
    let path = folder.file("text")
    var dos: [UInt8] = []
    for byte in sample.bytes { dos += byte == 10 ? [13, 10] : [byte] }
    var unix: [UInt8] = []
    for byte in sample.bytes {
      if byte == 10, unix.last == 13 { unix.removeLast() }
      unix.append(byte)
    }
    for damaged in [dos, unix] {
      try put(damaged, at: path)
      let salvaged = SalvageTests.salvage(path)
      #expect(salvaged.error?.problem == .textMode)
      #expect(salvaged.records.isEmpty)
    }
  }

  /// A log that holds a copy of itself, and one of a twin that went another way.
  @Test(arguments: [false, true])
  func `copies of the log in its own records are no bait`(isTwin: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("bait")
    var options = repeatable(chunk: 300, sync: .never)
    options.types = [.json, RecordType(id: 2, name: "blob", encoding: .bytes)]
    let writer = try RecordLogWriter(creating: path, options: options)
    for line in lines(20) { try writer.append(line) }
    try writer.flush()
    let twin = folder.file("twin")
    try put(try bytes(of: path), at: twin)
    if isTwin {
      let other = try RecordLogWriter(appendingTo: twin, options: options)
      for number in 0..<60 { try other.append(#"{"twin":\#(number)}"#) }
      try other.finish()
    }
    let copy = try bytes(of: twin)
    // Around it noise that does not pack, so that the copy stands there as it is.
    let bait = SalvageTests.noise(70_000, seed: 3) + copy + SalvageTests.noise(70_000, seed: 4)
    try writer.append(bait, type: 2)
    for line in lines(40)[20...] { try writer.append(line) }
    try writer.finish()
    let all = try bytes(of: path)
    let reader = try RecordLogReader(path: path)
    var carrier: ChunkHeader?
    while let header = try reader.nextHeader() {
      if header.valuesRaw > 100_000 { carrier = header }
    }
    let place = Int(try #require(carrier).offset)
    let expected = lines(40).map { [UInt8]($0.utf8) + [10] }
    for streaming in [false, true] {
      for length in [all.count, place + Int(try #require(carrier).length)] {
        var damaged = Array(all[..<length])
        damaged[place + 40] ^= 4
        try put(damaged, at: folder.file("damaged"))
        let salvaged = SalvageTests.salvage(folder.file("damaged"), streaming: streaming)
        for (sequence, record) in salvaged.records where sequence != 20 {
          #expect(record == expected[Int(sequence < 20 ? sequence : sequence - 1)])
        }
        #expect(salvaged.records[20] == nil)
        #expect(salvaged.records.count == (length == all.count ? 40 : 20))
        #expect(salvaged.isTold)
      }
    }
  }

  /// The search for a whole chunk goes window by window, from the byte behind the first one that
  /// could not be read.
  @Test(arguments: [false, true])
  func `a chunk is found wherever the border between two reads cuts it`(streaming: Bool) throws {
    let sample = try #require(SalvageTests.samples.first { $0.name == "mixed" })
    let folder = try QuickFolder()
    let path = folder.file("border")
    let window = streaming ? ChunkLayout.inputStep : 1 << 20
    let place = Int(sample.headers[1].offset)
    // How much of the header stands in front of the border.
    for before in -2...ChunkLayout.headerBytes + 34 {
      let junk = [UInt8](repeating: 0x55, count: 1 + window - before)
      try put(sample.bytes[..<place] + junk + sample.bytes[place...], at: path)
      let salvaged = SalvageTests.salvage(path, streaming: streaming)
      let complaint = SalvageTests.complaint(about: salvaged, sample, mayLose: 0)
      #expect(complaint == nil, "\(before) bytes in front: \(salvaged.regions)")
    }
  }

  @Test func `a stream joined anywhere gives what stands behind that place`() throws {
    let sample = try #require(SalvageTests.samples.first { $0.name == "sealed" })
    let folder = try TemporaryFolder()
    let path = folder.file("late")
    for start in stride(from: 1, to: 2000, by: 37) {
      try put(sample.bytes[start...], at: path)
      let first = try #require(sample.headers.first { Int($0.offset) >= start }).firstSequence
      for streaming in [false, true] {
        let salvaged = SalvageTests.salvage(path, streaming: streaming)
        #expect(
          salvaged.records.count == sample.records.count - Int(first),
          "from \(start): \(salvaged.regions)")
        #expect(salvaged.isTold)
      }
    }
  }

  @Test func `streams are salvaged like files`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("stream")
    for sample in SalvageTests.samples where sample.name != "multi-block" {
      for place in stride(from: 0, to: sample.bytes.count, by: 23) {
        var damaged = sample.bytes
        damaged[place] ^= 0x20
        try put(damaged, at: path)
        let salvaged = SalvageTests.salvage(path, streaming: true)
        let complaint = SalvageTests.complaint(
          about: salvaged, sample, mayLose: sample.largestLoss)
        if let complaint { Issue.record("\(sample.name), byte \(place): \(complaint)") }
      }
    }
  }

  @Test func `more damage than the budget allows ends in an error`() throws {
    let sample = try #require(SalvageTests.samples.first { $0.name == "sealed" })
    let folder = try TemporaryFolder()
    let path = folder.file("dear")
    var damaged = sample.bytes
    for header in sample.headers[2..<5] { damaged[Int(header.offset) + 30] ^= 1 }
    try put(damaged, at: path)
    #expect(SalvageTests.salvage(path).error == nil)
    for budget in [
      SalvageBudget(bytes: 300), SalvageBudget(regions: 0), SalvageBudget(records: 2),
    ] {
      #expect(SalvageTests.salvage(path, budget: budget).error?.category == .limit)
    }
  }
}
