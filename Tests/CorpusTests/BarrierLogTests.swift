import Corpus
import Foundation
import RecordLog
import TestSupport
import Testing

/// Barriers in logs of the corpus, also in those that were left and continued.
struct BarrierLogTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func list(_ number: Int) -> KeywordList {
    KeywordList(keywords: ["word\(number)", "other"], source: "paragraph \(number)")
  }

  /// Appends lists from `begin` on, with a barrier behind every 50th.
  private func append(_ range: Range<Int>, to writer: CorpusWriter) throws {
    for number in range {
      try writer.append(list(number), cursor: UInt64(number + 1))
      if (number + 1).isMultiple(of: 50) {
        try writer.barrier(UInt64((number + 1) / 50), cursor: UInt64(number + 1))
      }
    }
  }

  private func items(of path: String, from position: UInt64 = 0) throws -> [String] {
    let reader = try CorpusReader(path: path)
    try reader.resume(at: position)
    var items: [String] = []
    while let item = try reader.nextItem(KeywordList.self) {
      switch item {
      case .record(let list): items.append(list.source ?? "")
      case .barrier(let barrier): items.append("barrier \(barrier.number) at \(barrier.sequence)")
      }
    }
    return items
  }

  @Test(arguments: [1, 49, 50, 51, 64, 65, 100, 149, 150, 151, 180])
  func `a log left after any record ends with the bytes of one that was not`(left: Int) throws {
    let whole = try CorpusWriter(path: folder.file("whole"), reproducibleAs: "test")
    try append(0..<180, to: whole)
    try whole.finish()
    do {
      let writer = try CorpusWriter(path: folder.file("left"), reproducibleAs: "test")
      try append(0..<left, to: writer)
    }
    let writer = try CorpusWriter(path: folder.file("left"), reproducibleAs: "test")
    #expect(writer.lastBarrier == UInt64(left / 50))
    #expect(writer.lastCursor == UInt64(max(left / 50 * 50, left / 64 * 64)))
    try append(Int(writer.lastCursor)..<180, to: writer)
    try writer.finish()
    #expect(
      try Data(contentsOf: URL(filePath: folder.file("whole")))
        == Data(contentsOf: URL(filePath: folder.file("left"))))
  }

  @Test func `who goes on behind a record meets the barrier that stands there`() throws {
    let writer = try CorpusWriter(path: folder.file("log"), reproducibleAs: "test")
    try append(0..<120, to: writer)
    try writer.finish()
    let all = try items(of: folder.file("log"))
    #expect(all.count == 122 && all[50] == "barrier 1 at 50")
    #expect(try items(of: folder.file("log"), from: 50) == Array(all[50...]))
    #expect(try items(of: folder.file("log"), from: 49) == Array(all[49...]))
    #expect(try items(of: folder.file("log"), from: 51) == Array(all[52...]))
    #expect(try items(of: folder.file("log"), from: 120) == [])
    let reader = try CorpusReader(path: folder.file("log"))
    var records = 0
    while try reader.next(KeywordList.self) != nil { records += 1 }
    #expect(records == 120)
  }
}
