import Foundation
import Testing

@testable import RecordLog

/// Row 4 of the plan: zeros, sectors and whole chunks that are not what was written.
struct EverySectorTests {
  typealias Sample = SalvageTests.Sample

  /// Collects what is wrong with the readings of one log's damaged copies.
  struct Examiner {
    let log: WholeLog
    let file: HeldFile
    var tally = Tally()

    init(_ log: WholeLog) throws {
      self.log = log
      file = try HeldFile(log.bytes + log.bytes)
    }

    /// Reads a damaged copy strictly and salvages it; all but `mayLose` records must be there.
    mutating func check(_ damaged: [UInt8], mayLose: Int, _ what: @autoclosure () -> String) {
      guard damaged != log.bytes else { return }
      tally.cases += 1
      file.fill(damaged)
      let strict = ChunkReading(file.path, of: log, .strict)
      if !strict.areRight || !strict.areFirst || strict.error == nil {
        tally.complain("\(log.name), \(what()), strict: \(strict)")
      }
      let salvaged = ChunkReading(file.path, of: log, .salvage())
      let isTold =
        !salvaged.events.isEmpty || salvaged.error != nil
        || log.isSealed && salvaged.ending != .sealed
      if !salvaged.areRight || !isTold || log.recordCount - salvaged.records > mayLose {
        tally.complain("\(log.name), \(what()), salvage, \(mayLose): \(salvaged)")
      }
    }

    /// From the first changed byte on everything was lost, and nobody was promised any of it.
    mutating func checkZeros(from start: Int) {
      guard let first = log.bytes[start...].firstIndex(where: { $0 != 0 }) else { return }
      tally.cases += 1
      let reading = ChunkReading(file.path, of: log, .tailTolerant)
      let (records, _) = log.whole(below: first)
      let isTorn: Bool
      if case .torn = reading.ending { isTorn = true } else { isTorn = false }
      guard reading.areRight, reading.areFirst, reading.records == Int(records),
        reading.error == nil, isTorn
      else { return tally.complain("\(log.name), zeros from \(start): \(reading)") }
    }
  }

  @Test func `zeros from anywhere to the end are a torn tail`() throws {
    let start = ContinuousClock.now
    var tally = Tally()
    for log in try SalvageTests.samples.map({ try WholeLog($0) }) {
      let parts = try onAllCores { core, cores in
        var examiner = try Examiner(log)
        examiner.file.fill(log.bytes)
        for place in (ChunkLayout.prologueBytes..<log.bytes.count).reversed() {
          examiner.file[place] = 0
          if place % cores == core { examiner.checkZeros(from: place) }
        }
        return examiner.tally
      }
      for part in parts { tally.add(part) }
    }
    #expect(tally.verdict == "")
    report(
      row: 4, since: start,
      "zeros to the end from \(grouped(tally.cases)) places: \(tally.complaintCount) no torn tail")
  }

  /// A log of the same name and shape, as it may have stood in the same sectors before. Nil where a
  /// chunk fits into a sector: a whole old chunk shows only when the one behind it is read.
  private static func older(_ sample: Sample) throws -> [UInt8]? {
    let records = sample.records.enumerated().map { number, record in
      (
        bytes: Array(record.reversed()).filter { $0 != 10 }
          + [UInt8](repeating: 48, count: number % 2),
        type: "blob"
      )
    }
    let older = try Sample("older", records, chunk: 3000, sealed: sample.isSealed)
    guard (sample.headers + older.headers).allSatisfy({ $0.kind != .data || $0.length > 1024 })
    else { return nil }
    var bytes = older.bytes
    if bytes.count < sample.bytes.count {
      bytes += [UInt8](repeating: 0, count: sample.bytes.count - bytes.count)
    }
    return Array(bytes[..<sample.bytes.count])
  }

  @Test func `sectors zeroed, exchanged, doubled, dropped or old cost what they touch`() throws {
    let start = ContinuousClock.now
    var tally = Tally()
    let parts = try onAllCores { core, cores in
      var tally = Tally()
      let large = try [
        Sample("large chunks", SalvageTests.json(160), chunk: 3000),
        Sample(
          "large noise", (0..<6).map { (SalvageTests.noise(1500, seed: $0), "blob") }, chunk: 3000),
        Sample("large, unsealed", SalvageTests.json(150), chunk: 3000, sealed: false),
      ]
      for (number, sample) in (SalvageTests.samples + large).enumerated()
      where number % cores == core {
        tally.add(try Self.damageSectors(of: sample))
      }
      return tally
    }
    for part in parts { tally.add(part) }
    #expect(tally.verdict == "")
    report(
      row: 4, since: start,
      "\(grouped(tally.cases)) damaged sectors: \(tally.complaintCount) undetected, wrong or dear")
  }

  private static func damageSectors(of sample: Sample) throws -> Tally {
    let size = 512
    var examiner = try Examiner(try WholeLog(sample))
    let sectors = cut(sample.bytes, size)
    let old = cut(try older(sample) ?? [], size)
    func cost(_ touched: Int...) -> Int {
      sample.headers.filter { header in
        touched.contains {
          (header.offset..<header.offset + header.length).overlaps(
            UInt64($0 * size)..<UInt64($0 * size + size))
        }
      }.reduce(0) { $0 + Int($1.recordCount) }
    }
    func check(_ changed: [[UInt8]], _ mayLose: Int, _ what: String) {
      examiner.check(Array(changed.joined()), mayLose: mayLose, what)
    }
    for index in sectors.indices {
      func with(_ sector: [UInt8]) -> [[UInt8]] {
        var changed = sectors
        changed[index] = sector
        return changed
      }
      check(
        with([UInt8](repeating: 0, count: sectors[index].count)), cost(index), "\(index) zeroed")
      if old.indices.contains(index) {
        check(with(old[index]), cost(index), "\(index) old")
      }
      check(with(sectors[index] + sectors[index]), cost(index, index + 1), "\(index) doubled")
      check(with([]), cost(index), "\(index) dropped")
      for other in sectors.indices
      where other != index && sectors[other].count == sectors[index].count {
        check(with(sectors[other]), cost(index), "\(index) is \(other)")
        guard other > index else { continue }
        var changed = sectors
        changed.swapAt(index, other)
        check(changed, cost(index, other), "\(index) and \(other) exchanged")
      }
    }
    return examiner.tally
  }

  private static func cut(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: size).map {
      Array(bytes[$0..<min($0 + size, bytes.count)])
    }
  }

  @Test func `chunks dropped, doubled anywhere or exchanged cost themselves`() throws {
    let start = ContinuousClock.now
    var tally = Tally()
    for sample in SalvageTests.samples {
      var examiner = try Examiner(try WholeLog(sample))
      let chunks = sample.headers.map {
        Array(sample.bytes[Int($0.offset)..<Int($0.offset + $0.length)])
      }
      func check(_ mayLose: Int, _ what: String, _ change: (inout [[UInt8]]) -> Void) {
        var changed = chunks
        change(&changed)
        let bytes = Array(sample.bytes[..<ChunkLayout.prologueBytes]) + changed.joined()
        examiner.check(bytes, mayLose: mayLose, what)
      }
      // Without its seal, or a seal's worth at the end, an open log is a shorter one.
      for index in chunks.indices.dropLast() {
        let own = Int(sample.headers[index].recordCount)
        check(own, "chunk \(index) dropped") { $0.remove(at: index) }
        for place in chunks.indices where place > index {
          check(0, "chunk \(index) again at \(place)") { $0.insert(chunks[index], at: place) }
        }
        for other in chunks.indices.dropLast() where other > index {
          let most = sample.headers[index...other].reduce(0) { $0 + Int($1.recordCount) }
          check(most, "chunks \(index) and \(other) exchanged") { $0.swapAt(index, other) }
        }
      }
      tally.add(examiner.tally)
    }
    #expect(tally.verdict == "")
    report(
      row: 4, since: start,
      "\(grouped(tally.cases)) files of shuffled chunks: \(tally.complaintCount) undetected or wrong"
    )
  }
}
