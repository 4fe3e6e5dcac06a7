import Foundation
import Glibc
import RecordLog
import TestSupport
import Testing

@testable import Corpus

struct `Log of the corpus` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func pair(_ number: Int) -> PreferencePair {
    PreferencePair(prompt: "p\(number)", chosen: "c", rejected: "r")
  }

  private func write(_ numbers: Range<Int>, to path: String, name: String? = nil) throws {
    let writer = try CorpusWriter(path: path, reproducibleAs: name)
    for number in numbers { try writer.append(pair(number), cursor: UInt64(number) + 1) }
    try writer.finish()
  }

  private func prompts(_ reader: CorpusReader) throws -> [String] {
    var prompts: [String] = []
    while let pair = try reader.next(PreferencePair.self) { prompts.append(pair.prompt) }
    return prompts
  }

  @Test func `gives back what was appended, with its number`() throws {
    let path = folder.file("pairs.rlg")
    try write(0..<1_000, to: path)
    let reader = try CorpusReader(path: path)
    #expect(try reader.next() == pair(0))
    #expect(reader.position == 1)
    try reader.seek(to: 900)
    #expect(try reader.next() == pair(900))
    #expect(try prompts(reader) == (901..<1_000).map { "p\($0)" })
    #expect(reader.position == 1_000 && reader.ending == .sealed)
  }

  @Test func `goes on after an interruption where the input had been read to`() throws {
    let path = folder.file("pairs.rlg")
    do {
      let writer = try CorpusWriter(path: path)
      for number in 0..<10 { try writer.append(pair(number), cursor: UInt64(number) + 1) }
      try writer.commit()
      try writer.append(pair(10), cursor: 11)  // never committed
    }
    let writer = try CorpusWriter(path: path)
    #expect(writer.lastCursor == 10 && writer.nextSequence == 10)
    for number in 10..<20 { try writer.append(pair(number), cursor: UInt64(number) + 1) }
    try writer.finish()
    #expect(try prompts(CorpusReader(path: path)) == (0..<20).map { "p\($0)" })
  }

  @Test func `keeps a mark where no record came of the input`() throws {
    let path = folder.file("pairs.rlg")
    try CorpusWriter(path: path).mark(cursor: 77)
    #expect(try CorpusWriter(path: path).lastCursor == 77)
  }

  @Test func `can be read before it is sealed, if one wants`() throws {
    let path = folder.file("pairs.rlg")
    let writer = try CorpusWriter(path: path)
    try writer.append(pair(0))
    try writer.commit()
    #expect(try prompts(CorpusReader(path: path, mode: .tailTolerant)) == ["p0"])
    #expect(throws: CorpusError.self) { try prompts(CorpusReader(path: path)) }
  }

  @Test func `holds several types, which are told apart`() throws {
    let path = folder.file("mixed.rlg")
    let writer = try CorpusWriter(path: path)
    try writer.append(Seed(prompt: "p", answer: "a"))
    try writer.append(pair(1))
    try writer.append(QuarantinedRecord(stage: "pairs", reason: "gap"))
    try writer.finish()

    let reader = try CorpusReader(path: path)
    #expect(try reader.nextType() == "synpo.seed.v1")
    let error = #expect(throws: CorpusError.self) { try reader.next(PreferencePair.self) }
    #expect(
      error
        == .wrongType(
          path: path, sequence: 0, expected: "synpo.pair.v1", found: "synpo.seed.v1"))
    #expect(try reader.next(PreferencePair.self, skippingOthers: true) == pair(1))
    #expect(try reader.next(PreferencePair.self, skippingOthers: true) == nil)
  }

  @Test func `names a record that is not what its type promises`() throws {
    let path = folder.file("bad.rlg")
    var options = RecordLogOptions()
    options.types = [RecordType(id: 1, name: "synpo.pair.v1")]
    let log = try RecordLogWriter(creating: path, options: options)
    try log.append("{\"prompt\":1}")
    try log.finish()
    let reader = try CorpusReader(path: path)
    let error = #expect(throws: CorpusError.self) { try reader.next(PreferencePair.self) }
    guard case .badRecord(path, 0, "synpo.pair.v1", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `is the same, byte for byte, if it is written the same under one name`() throws {
    let paths = ["a.rlg", "b.rlg", "c.rlg"].map(folder.file)
    for (path, name) in zip(paths, ["x", "x", "y"]) { try write(0..<100, to: path, name: name) }
    let bytes = try paths.map { try Data(contentsOf: URL(filePath: $0)) }
    #expect(bytes[0] == bytes[1] && bytes[0] != bytes[2])
  }

  @Test func `travels through a pipe`() async throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (input, output) = (ends[0], ends[1])
    let sender = Task.detached {
      let writer = try CorpusWriter(streamingTo: output, name: "pipe")
      for number in 0..<5_000 {
        try writer.append(PreferencePair(prompt: "p\(number)", chosen: "c", rejected: "r"))
      }
      try writer.finish()
      close(output)
    }
    let reader = try CorpusReader(descriptor: input, name: "pipe")
    #expect(try prompts(reader).count == 5_000)
    try await sender.value
    close(input)
  }

  @Test func `of seeds is read as a seed file`() throws {
    let path = folder.file("seeds.rlg")
    let seeds = (0..<3).map { Seed(prompt: "p\($0)", answer: "a", source: "s") }
    let writer = try CorpusWriter(path: path)
    for seed in seeds { try writer.append(seed) }
    try writer.finish()
    var file = try SeedFile(path: path)
    for seed in seeds { #expect(try file.next() == .seed(seed)) }
    #expect(try file.next() == nil)
  }

  @Test func `that holds no seed is no seed file`() throws {
    let path = folder.file("seeds.rlg")
    try CorpusWriter(path: path).finish()
    #expect(throws: CorpusError.noSeeds(path: path, lines: 0, firstReason: nil)) {
      var file = try SeedFile(path: path)
      _ = try file.next()
    }
  }
}
