import Bytes
import Corpus
import Foundation
import TestSupport
import Testing

/// Logs that are continued after an interruption end as if there had been none.
struct InterruptedLogTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func list(_ number: Int) -> KeywordList {
    KeywordList(keywords: ["word\(number)", "other"], source: "paragraph \(number)")
  }

  private func whole(_ count: Int, at path: String) throws {
    let writer = try CorpusWriter(path: path, reproducibleAs: "test")
    for number in 0..<count { try writer.append(list(number), cursor: UInt64(number + 1)) }
    try writer.finish()
  }

  @Test(arguments: [1, 63, 64, 65, 100, 128, 150, 200])
  func `a log left after any record has all of them in the end, byte for byte`(left: Int) throws {
    let count = 200
    let (path, other) = (folder.file("whole"), folder.file("broken"))
    try whole(count, at: path)
    do {
      let writer = try CorpusWriter(path: other, reproducibleAs: "test")
      for number in 0..<left { try writer.append(list(number), cursor: UInt64(number + 1)) }
    }
    let writer = try CorpusWriter(path: other, reproducibleAs: "test")
    #expect(writer.lastCursor == UInt64(left / 64 * 64))
    for number in Int(writer.lastCursor)..<count {
      try writer.append(list(number), cursor: UInt64(number + 1))
    }
    try writer.finish()
    let reader = try CorpusReader(path: other)
    var read: [KeywordList] = []
    while let record = try reader.next(KeywordList.self) { read.append(record) }
    #expect(read == (0..<count).map(list))
    #expect(
      try Data(contentsOf: URL(filePath: path)) == Data(contentsOf: URL(filePath: other)))
  }

  @Test func `a log left again and again has all of its records in the end`() throws {
    let count = 300
    let (path, other) = (folder.file("whole"), folder.file("broken"))
    try whole(count, at: path)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<12 {
      let writer = try CorpusWriter(path: other, reproducibleAs: "test")
      let begin = Int(writer.lastCursor)
      let end = min(count, begin + Int.random(in: 0...90, using: &random))
      for number in begin..<end { try writer.append(list(number), cursor: UInt64(number + 1)) }
    }
    let writer = try CorpusWriter(path: other, reproducibleAs: "test")
    for number in Int(writer.lastCursor)..<count {
      try writer.append(list(number), cursor: UInt64(number + 1))
    }
    try writer.finish()
    #expect(
      try Data(contentsOf: URL(filePath: path)) == Data(contentsOf: URL(filePath: other)))
  }

  @Test(arguments: [0, 1, 63, 64, 65, 128, 199, 200])
  func `a reader goes on behind any record`(place: Int) throws {
    let path = folder.file("whole")
    try whole(200, at: path)
    let reader = try CorpusReader(path: path)
    try reader.seek(to: UInt64(place))
    var read: [KeywordList] = []
    while let record = try reader.next(KeywordList.self) { read.append(record) }
    #expect(read == (place..<200).map(list))
  }
}
