import Bytes
import Foundation
import TestSupport
import Testing

@testable import Corpus

struct `Paragraph file` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(
    _ text: String, as name: String, limit: ByteCount = ParagraphFile.defaultLimit
  ) throws -> [String] {
    try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
    var file = try ParagraphFile(path: folder.file(name), limit: limit)
    var paragraphs: [String] = []
    while let paragraph = try file.next() { paragraphs.append(paragraph) }
    return paragraphs
  }

  @Test func `parts text at blank lines`() throws {
    let paragraphs = try read("\n\nOne\nline.\r\n \nTwo.\n\n\n\nThree", as: "a.txt")
    #expect(paragraphs == ["One\nline.", "Two.", "Three"])
  }

  @Test func `takes the text of each line of JSON, and counts lines without`() throws {
    let text =
      #"{"text":"One"}"# + "\n{}\n" + #"{"content":"Two"}"# + "\n" + #"{"text":" "}"#
      + "\nx\n" + #"{"text":"Three"}"#
    #expect(try read(text, as: "a.jsonl") == ["One", "Two", "Three"])
    var file = try ParagraphFile(path: folder.file("a.jsonl"))
    while try file.next() != nil {}
    #expect(file.skippedLines == 2)
  }

  @Test(arguments: ["a.txt", "a.jsonl"])
  func `cuts what is too long between words`(name: String) throws {
    let words = (0..<500).map { "word\($0)" }
    let text = words.joined(separator: " ")
    let parts = try read(
      name.hasSuffix("l") ? "{\"text\":\"\(text)\"}" : text, as: name, limit: ByteCount(100))
    #expect(parts.count > 30 && parts.allSatisfy { $0.utf8.count <= 100 })
    #expect(parts.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) } == words)
  }

  @Test func `survives text without a space`() throws {
    let parts = try read(String(repeating: "x", count: 1_000), as: "a.txt", limit: ByteCount(64))
    #expect(parts.joined().count == 1_000)
  }

  @Test(.enabled(if: Shared.isPresent))
  func `of the web is read whole`() throws {
    var file = try ParagraphFile(path: Shared.path("data/web-text/c4_demo.jsonl"))
    var count = 0
    while let paragraph = try file.next() {
      count += 1
      #expect(paragraph.utf8.count <= ParagraphFile.defaultLimit.bytes)
    }
    #expect(count > 300 && file.skippedLines == 0)
  }
}
