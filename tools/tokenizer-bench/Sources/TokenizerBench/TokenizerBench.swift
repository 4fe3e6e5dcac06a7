import Foundation
import Tokenization

/// Encodes texts on command and tells how long it took.
///
///     TokenizerBench tokenizer.json
///
/// reads commands from standard input and answers each with one line:
///
///     load FILE     a JSON list of texts      →  how many
///     ids           their ids                 →  a JSON list of lists
///     encode N      encode all with N threads →  seconds, seconds of processor time, ids
@main
struct TokenizerBench {
  private let tokenizer: Tokenizer
  private var texts: [String] = []

  static func main() throws {
    guard CommandLine.arguments.count == 2 else {
      throw Misuse("usage: TokenizerBench tokenizer.json")
    }
    let json = try Data(contentsOf: URL(filePath: CommandLine.arguments[1]))
    let tokenizer = try Tokenizer(TokenizerDefinition(tokenizerJSON: Array(json)))
    var bench = TokenizerBench(tokenizer: tokenizer)
    while let line = readLine() {
      let answer = try bench.answer(line.split(separator: " ", maxSplits: 1).map { String($0) })
      try FileHandle.standardOutput.write(contentsOf: Data((answer + "\n").utf8))
    }
  }

  private init(tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  private mutating func answer(_ command: [String]) throws -> String {
    switch (command.first, command.last) {
    case ("load", let path?) where command.count == 2:
      texts = try JSONDecoder().decode(
        [String].self, from: Data(contentsOf: URL(filePath: path)))
      return "\(texts.count)"
    case ("ids", _):
      let ids = texts.map { tokenizer.encode($0) }
      return String(decoding: try JSONEncoder().encode(ids), as: UTF8.self)
    case ("encode", let threads?):
      guard let threads = Int(threads), threads > 0 else { throw Misuse("encode THREADS") }
      return encode(threads)
    default: throw Misuse("no such command: \(command.joined(separator: " "))")
    }
  }

  private func encode(_ threads: Int) -> String {
    let start = ContinuousClock.now
    let processor = clock()
    let ids =
      threads == 1
      ? texts.map { tokenizer.encode($0) } : tokenizer.encode(batch: texts, threads: threads)
    let used = Double(clock() - processor) / Double(CLOCKS_PER_SEC)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return "\(seconds) \(used) \(ids.reduce(0) { $0 + $1.count })"
  }
}

struct Misuse: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
