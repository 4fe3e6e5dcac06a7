import Foundation
import Testing

@testable import RecordLog

/// Row 14 of the plan, of pipes: nobody knows how many bytes are still to come, so that a length can
/// only be believed as far as they have.
struct PipeBombTests {
  /// Lies that a file would show at once, because it ends.
  static func bombs() throws -> [BombTests.Bomb] {
    let folder = try QuickFolder()
    let path = folder.file("log")
    try write(lines(60), to: path, options: repeatable(chunk: 1000))
    let reader = try RecordLogReader(path: path)
    _ = try reader.nextHeader()
    let data = try #require(try reader.nextHeader())
    let lying = BombTests.Bomb.lying(try bytes(of: path), data)
    return [
      lying("a table of 16 MiB") {
        $0.tableRaw = 16 << 20
        $0.tableStored = 16 << 20
        $0.fillUp()
      },
      lying("values of 64 MiB") {
        $0.valuesRaw = 64 << 20
        $0.valuesStored = 60 << 20
        $0.fillUp()
      },
      lying("2 GiB stored of a table of 100 bytes") {
        $0.tableRaw = 100
        $0.recordCount = 100
        $0.tableStored = 2 << 30 - 1 << 20
        $0.flags.insert(.packedTable)
        $0.fillUp()
      },
      lying("2 GiB stored of values of 1 KB") {
        $0.valuesStored = 2 << 30 - 1 << 20
        $0.fillUp()
      },
    ]
  }

  /// What reading the bytes out of a pipe costs, and `zeros` behind them.
  static func cost(of bomb: BombTests.Bomb, zeros: Int, _ good: String) throws -> Cost {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (from, to) = (ends[0], ends[1])
    func readAll() -> Reading {
      close(to)
      var reading = Reading()
      do {
        let reader = try RecordLogReader(descriptor: from)
        while let record = try reader.next() { reading.sequences.append(record.sequence) }
      } catch {
        reading.error = error
      }
      reading.records = reading.sequences.map { "\($0)" }
      close(from)
      return reading
    }
    return try Cost(warmingUp: { _ = read(good) }, readAll) {
      close(from)
      let some = [UInt8](repeating: 0, count: 1 << 20)
      _ = bomb.bytes.withUnsafeBytes { write(to, $0.baseAddress, $0.count) }
      var left = zeros
      while left > 0, case let sent = write(to, some, min(left, some.count)), sent > 0 {
        left -= sent
      }
      close(to)
    }
  }

  /// The cheapest of some tries: other processes may come in between.
  static func leastCost(
    of bomb: BombTests.Bomb, zeros: Int, _ good: String
  ) throws -> Cost {
    var best = Cost.unknown
    for _ in 0..<8 where best.microseconds >= 10_000 || best.touched >= 1024 {
      let cost = try cost(of: bomb, zeros: zeros, good)
      if cost.touched < best.touched || cost.microseconds < best.microseconds / 4 { best = cost }
    }
    return best
  }

  @Test func `a bomb out of a pipe is refused in less than 10 ms and with less than 1 MiB`() throws
  {
    let start = ContinuousClock.now
    let folder = try QuickFolder()
    let good = folder.file("good")
    try write(lines(60), to: good, options: repeatable(chunk: 1000))
    let bombs = try BombTests.bombs() + Self.bombs()
    var worst = Cost.nothing
    for bomb in bombs {
      let cost = try Self.leastCost(of: bomb, zeros: 0, good)
      // What really came is held in a buffer that doubles.
      let own = Int64(2 * bomb.honestBytes / 1024)
      #expect(cost.isRefused && cost.records == bomb.honestRecords, "\(bomb.name): \(cost)")
      #expect(cost.microseconds < 10_000, "\(bomb.name): \(cost)")
      #expect(cost.mapped - own < 1024 && cost.touched - own < 1024, "\(bomb.name): \(cost)")
      worst.microseconds = max(worst.microseconds, cost.microseconds)
      worst.mapped = max(worst.mapped, cost.mapped - own)
      worst.touched = max(worst.touched, cost.touched - own)
    }
    report(
      row: 14, since: start,
      "\(bombs.count) bombs out of a pipe refused, each with at most \(worst)")
  }

  @Test func `a chunk that stores far more than it decodes to is refused before its bytes come`()
    throws
  {
    let folder = try QuickFolder()
    let good = folder.file("good")
    try write(lines(60), to: good, options: repeatable(chunk: 1000))
    for bomb in try Self.bombs() where bomb.name.hasPrefix("2 GiB") {
      let cost = try Self.leastCost(of: bomb, zeros: 64 << 20, good)
      #expect(cost.isRefused && cost.records == 0, "\(bomb.name): \(cost)")
      #expect(cost.mapped < 1024, "\(bomb.name): \(cost)")
    }
  }
}

extension ChunkHeader {
  /// Makes the chunk end at a multiple of 128 bytes.
  fileprivate mutating func fillUp() {
    padBytes = 0
    padBytes = Int((128 - length % 128) % 128)
  }
}
