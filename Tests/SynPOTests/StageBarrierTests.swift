import Bytes
import Corpus
import Foundation
import Pipeline
import RecordLog
import TestSupport
import Testing

@testable import SynPO

/// Barriers through stages: logs that are cut at the same one belong together.
struct StageBarrierTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// 200 lists with a barrier behind every 30th.
  private func input() throws -> String {
    let path = folder.file("input")
    let writer = try CorpusWriter(path: path, reproducibleAs: "input")
    for number in 1...200 {
      try writer.append(KeywordList(keywords: ["a"], source: "\(number)"))
      if number.isMultiple(of: 30) { try writer.barrier(UInt64(number / 30)) }
    }
    try writer.finish()
    return path
  }

  /// A stage that drops every third record, and holds seven back as a model does that writes several
  /// answers at once.
  private func run(_ name: String, from input: String, to output: String) async throws {
    let stage = StageRun<KeywordList, KeywordList>(
      name: name, input: input, output: output, identity: "test")
    _ = try await stage.run { source, out in
      var held: [Numbered<KeywordList>] = []
      func finish(leaving count: Int) async throws {
        while held.count > count {
          let next = held.removeFirst()
          let product: StageProduct<KeywordList> =
            next.cursor.isMultiple(of: 3)
            ? .aside(QuarantinedRecord(stage: name, reason: "third", text: next.element.source))
            : .made(next.element)
          try await out.send(Numbered(cursor: next.cursor, element: product))
        }
      }
      while let next = try await source.next() {
        switch next {
        case .element(let element):
          held.append(element)
          try await finish(leaving: 7)
        case .barrier(let barrier):
          try await finish(leaving: 0)
          try await out.send(.barrier(barrier))
        }
      }
      try await finish(leaving: 0)
    }
  }

  /// The sources of the lists in a log, by the barrier in front of which they stand.
  private func lists(of path: String) throws -> [UInt64: [String]] {
    let reader = try CorpusReader(path: path)
    var lists: [UInt64: [String]] = [:]
    var waiting: [String] = []
    while let item = try reader.nextItem(KeywordList.self, skippingOthers: true) {
      switch item {
      case .record(let list): waiting.append(list.source ?? "")
      case .barrier(let barrier):
        lists[barrier.number] = waiting
        waiting = []
      }
    }
    return lists
  }

  @Test func `two stages cut at the same barrier have what came of the input up to it`()
    async throws
  {
    let input = try input()
    let (one, two) = (folder.file("one"), folder.file("two"))
    try await run("one", from: input, to: one)
    try await run("two", from: one, to: two)
    let (before, between, after) = (try lists(of: input), try lists(of: one), try lists(of: two))
    #expect(before.keys.sorted() == Array(1...6))
    #expect(between.keys.sorted() == Array(1...6) && after.keys.sorted() == Array(1...6))
    for number in UInt64(1)...6 {
      let wanted = before[number]?.filter { Int($0).map { !$0.isMultiple(of: 3) } ?? false }
      #expect(between[number] == wanted)
      // The second stage counts what the first one had put aside, too, in its cursor.
      let rest = try #require(after[number])
      #expect(Set(rest).isSubset(of: wanted ?? []) && rest.count >= 10)
    }
  }

  @Test func `a stage that was left at the end of any chunk goes on to the same bytes`()
    async throws
  {
    let input = try input()
    let whole = folder.file("whole")
    try await run("stage", from: input, to: whole)
    let bytes = try Data(contentsOf: URL(filePath: whole))
    let reader = try RecordLogReader(path: whole)
    var ends: [Int] = []
    var kinds: Set<ChunkKind> = []
    while let header = try reader.nextHeader(), header.kind != .index {
      ends.append(Int(header.offset + header.length))
      if let kind = header.kind { kinds.insert(kind) }
    }
    #expect(ends.count > 15 && kinds == [.meta, .data, .mark])
    for end in ends {
      let left = folder.file("left")
      try bytes.prefix(end).write(to: URL(filePath: left))
      try await run("stage", from: input, to: left)
      #expect(try Data(contentsOf: URL(filePath: left)) == bytes, "left at \(end)")
      try FileManager.default.removeItem(atPath: left)
    }
  }

  @Test func `pairs wait at a barrier for the baselines, and say where these have none`()
    async throws
  {
    func answers(_ name: String, barriers: Bool) throws -> String {
      let writer = try CorpusWriter(path: folder.file(name), reproducibleAs: name)
      for number in 1...40 {
        let origin = Origin(parents: ["draft", "prompt\(number)"])
        let kind: Answer.Kind = name == "rewrites" ? .rewrite : .baseline
        let text = name == "rewrites" ? "a longer answer \(number)" : "short"
        try writer.append(Answer(kind, prompt: "\(number)", answer: text, origin: origin))
        if barriers, number.isMultiple(of: 10) { try writer.barrier(UInt64(number / 10)) }
      }
      try writer.finish()
      return folder.file(name)
    }
    let rewrites = try answers("rewrites", barriers: true)
    let with = try answers("with", barriers: true)
    let without = try answers("without", barriers: false)
    let stage = PairStage(
      settings: RunSettings(), scorer: LengthScorer(), iteration: 1, progress: { _, _ in })
    _ = try await stage.run(rewrites: rewrites, baselines: with, to: folder.file("pairs"))
    let pairs = try RecordLogReader(path: folder.file("pairs"))
    var barriers: [Barrier] = []
    while let item = try pairs.nextItem() {
      if case .barrier(let barrier) = item { barriers.append(barrier) }
    }
    #expect(barriers.map(\.number) == [1, 2, 3, 4])
    #expect(barriers.map(\.sequence) == [10, 20, 30, 40])
    await #expect(throws: SynPOError.missingBarrier(1, log: without)) {
      try await stage.run(rewrites: rewrites, baselines: without, to: folder.file("none"))
    }
  }
}
