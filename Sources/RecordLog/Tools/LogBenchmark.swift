import Bytes
import Glibc

/// How fast logs are written and read here, beside what bare LZ4 does with the same bytes in the
/// same rounds.
public final class LogBenchmark {
  /// What was measured, one number per round.
  public struct Figure: Sendable {
    public var name: String
    public var unit: String
    public var rounds: [Double]

    public init(name: String, unit: String, rounds: [Double]) {
      self.name = name
      self.unit = unit
      self.rounds = rounds
    }

    public var median: Double { quantile(0.5) }

    public func quantile(_ share: Double) -> Double {
      let sorted = rounds.sorted()
      guard !sorted.isEmpty else { return 0 }
      return sorted[Int((share * Double(sorted.count - 1)).rounded())]
    }
  }

  public private(set) var figures: [Figure] = []
  private let corpus: SampleCorpus
  private let folder: String
  private let seed: UInt64
  private var logPath: String { folder + "/bench-\(getpid()).rlg" }
  private static let block = 64 << 10
  private static let batch = 256

  /// - Parameter folder: where logs are written; they are removed again.
  public init(_ corpus: SampleCorpus, folder: String, seed: UInt64) {
    self.corpus = corpus
    self.folder = folder
    self.seed = seed
  }

  /// Measures everything `rounds` times, one thing after the other in each round.
  public func run(rounds: Int) throws {
    var packed = Packed(room: LZ4.bound(corpus.bytes.count))
    pack(into: &packed)
    defer { unsafe unlink(logPath) }
    for _ in 0..<max(rounds, 1) {
      unsafe unlink(logPath)
      let raw = Double(corpus.bytes.count)
      let records = Double(corpus.ends.count)
      note("bare LZ4 compress", "MB/s", raw / 1e6 / seconds { pack(into: &packed) })
      let write = try seconds { try writeLog() }
      note("write", "MB/s", raw / 1e6 / write)
      note("write records", "records/s", records / write)
      unsafe unlink(logPath)
      note("write on two cores", "of one", write / (try seconds { try writeLog(packers: 1) }))
      unsafe unlink(logPath)
      note("import", "MB/s", raw / 1e6 / (try seconds { try importLines() }))
      note("bare LZ4 decompress", "MB/s", raw / 1e6 / seconds { unpack(packed) })
      let read = try seconds { try readLog() }
      note("read on all cores", "of one", read / (try seconds { try readLog(onAllCores: true) }))
      note("read", "MB/s", raw / 1e6 / read)
      note("read records", "records/s", records / read)
      try measureFile()
    }
  }

  private func measureFile() throws {
    let size = Double(try OpenFile(path: logPath).byteCount())
    note("size", "share of raw", size / Double(corpus.bytes.count))
    note("verify without decoding", "MB/s of file", size / 1e6 / (try seconds { try verify() }))
    let verified = try seconds { try verify(onAllCores: true) }
    note("verify on all cores", "MB/s of file", size / 1e6 / verified)
    let reads = try readAtRandom(Self.batch)
    note(
      "random reads, \(Self.batch), each in another chunk", "records/s", Double(Self.batch) / reads)
    try cutSeal()
    note("header hop, unsealed", "MB/s of file", size / 1e6 / (try seconds { try hop() }))
    let recovery = try seconds { _ = try RecordLogWriter(appendingTo: logPath) }
    note("recovery of the unsealed file", "ms", 1e3 * recovery)
  }

  private func note(_ name: String, _ unit: String, _ value: Double) {
    if let place = figures.firstIndex(where: { $0.name == name }) {
      figures[place].rounds.append(value)
    } else {
      figures.append(Figure(name: name, unit: unit, rounds: [value]))
    }
  }

  private func seconds(_ work: () throws -> Void) rethrows -> Double {
    let duration = try ContinuousClock().measure(work)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }
}

// MARK: Bare LZ4

extension LogBenchmark {
  private struct Packed {
    var bytes: [UInt8]
    var ends: [Int] = []

    init(room: Int) { bytes = [UInt8](repeating: 0, count: room) }
  }

  /// Packs everything into memory that was touched before.
  private func pack(into packed: inout Packed) {
    packed.ends.removeAll(keepingCapacity: true)
    var end = 0
    for start in stride(from: 0, to: corpus.bytes.count, by: Self.block) {
      let stop = min(start + Self.block, corpus.bytes.count)
      unsafe corpus.bytes.withUnsafeBytes { raw in
        unsafe packed.bytes.withUnsafeMutableBytes { room in
          end += unsafe LZ4.pack(
            .init(rebasing: raw[start..<stop]), to: .init(rebasing: room[end...]))
        }
      }
      packed.ends.append(end)
    }
  }

  private func unpack(_ packed: Packed) {
    var room = [UInt8](repeating: 0, count: Self.block)
    var start = 0
    for end in packed.ends {
      unsafe packed.bytes.withUnsafeBytes { bytes in
        unsafe room.withUnsafeMutableBytes { room in
          _ = unsafe LZ4.unpack(.init(rebasing: bytes[start..<end]), to: room)
        }
      }
      start = end
    }
  }
}

// MARK: Logs

extension LogBenchmark {
  /// - Parameter packers: threads beside this one.
  private func writeLog(packers: Int = 0) throws(RecordLogError) {
    var options = RecordLogOptions()
    options.sync = .never
    options.packers = packers
    let writer = try RecordLogWriter(creating: logPath, options: options)
    let corpus = self.corpus
    for index in corpus.ends.indices { try writer.append(corpus.record(index)) }
    try writer.finish()
  }

  /// What an import does, on one core: every line is checked to be JSON.
  private func importLines() throws(RecordLogError) {
    var options = RecordLogOptions()
    options.sync = .never
    let writer = try RecordLogWriter(creating: logPath, options: options)
    let corpus = self.corpus
    for index in corpus.ends.indices {
      precondition(JSONSyntax.fault(in: corpus.record(index)) == nil, "the sample is not JSON")
    }
    try writer.append(lines: corpus.bytes.rawSpan)
    try writer.finish()
  }

  private func readLog(onAllCores: Bool = false) throws(RecordLogError) {
    let reader = try open(onAllCores: onAllCores)
    var records = 0
    while let chunk = try reader.nextChunk() { records += chunk.count }
    precondition(records == corpus.ends.count, "the log has other records than were written")
  }

  private func open(onAllCores: Bool) throws(RecordLogError) -> RecordLogReader {
    var options = ReadOptions()
    options.usesAllCores = onAllCores
    return try RecordLogReader(path: logPath, options: options)
  }

  private func verify(onAllCores: Bool = false) throws(RecordLogError) {
    let reader = try open(onAllCores: onAllCores)
    while try reader.nextHeader(verifying: .stored) != nil {}
  }

  /// Seconds for `count` records in any order, one of each stretch of the log. The log is open and
  /// its index read; nothing else of it was looked at.
  private func readAtRandom(_ count: Int) throws(RecordLogError) -> Double {
    var random = SeededGenerator(seed: seed)
    let stretch = max(corpus.ends.count / count, 1)
    let places = (0..<min(count, corpus.ends.count)).map {
      UInt64($0 * stretch + Int.random(in: 0..<stretch, using: &random))
    }.shuffled(using: &random)
    let reader = try RecordLogReader(path: logPath)
    try reader.seek(toSequence: 0)
    var failure: RecordLogError?
    let seconds = seconds {
      do throws(RecordLogError) { try read(places, with: reader) } catch { failure = error }
    }
    if let failure { throw failure }
    return seconds
  }

  private func read(
    _ places: [UInt64], with reader: RecordLogReader
  ) throws(RecordLogError) {
    for place in places {
      try reader.seek(toSequence: place)
      let record = try reader.next()
      let end = corpus.ends[Int(place)]
      precondition(
        record?.sequence == place && record?.bytes.last == corpus.bytes[end - 1],
        "a seek led to another record")
    }
  }

  private func hop() throws(RecordLogError) {
    let reader = try RecordLogReader(path: logPath, options: ReadOptions(mode: .tailTolerant))
    while try reader.nextHeader() != nil {}
  }

  /// Makes the log one whose writer died: nothing in it is promised to be durable.
  private func cutSeal() throws {
    let summary = try RecordLogReader(path: logPath).summary
    guard unsafe truncate(logPath, Int(summary?.indexOffset ?? 0)) == 0 else {
      throw FileError(.write, path: logPath)
    }
  }

  /// Seconds to tell how many records a log of 10,000 chunks has: sealed, and by its headers.
  public static func counting(in folder: String) throws -> (sealed: Double, hopped: Double) {
    let path = folder + "/count-\(getpid()).rlg"
    defer { unsafe unlink(path) }
    var options = RecordLogOptions()
    options.sync = .never
    options.chunk = ByteCount(200)
    let writer = try RecordLogWriter(creating: path, options: options)
    let record = #"{"text":"\#(String(repeating: "x", count: 180))"}"#
    for _ in 0..<10_000 { try writer.append(record) }
    try writer.finish()
    let clock = ContinuousClock()
    let sealed = try clock.measure { _ = try RecordLogReader(path: path).summary }
    let hopped = try clock.measure {
      let reader = try RecordLogReader(path: path)
      while try reader.nextHeader() != nil {}
    }
    return (sealed / .seconds(1), hopped / .seconds(1))
  }
}
