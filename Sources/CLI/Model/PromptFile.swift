import Bytes
import Foundation
import Transformer

/// A file of prompts, one JSON object a line.
struct PromptFile {
  /// `-` for the standard input.
  let path: String

  /// Answers all prompts in their order, a few at a time; memory does not depend on their number.
  ///
  /// A line that is no prompt is told and passed over; the exit code then says so.
  func answer(with speaker: Speaker, atOnce slots: Int) throws {
    let lines = try Lines(path: path)
    var generator = speaker.makeGenerator(slots: speaker.fitting(slots))
    var asked: [UInt64: PromptLine] = [:]
    var progress = Progress(title: "generate", done: 0)
    while true {
      while generator.hasRoom, let next = try lines.next(speaker) {
        asked[next.key] = next.line
        generator.add(GenerationRequest(key: next.key, prompt: next.tokens))
      }
      if generator.isIdle { break }
      for completion in generator.step() {
        let line = asked.removeValue(forKey: completion.request.key) ?? PromptLine()
        try Results.write(json: speaker.answer(to: line, completion))
        progress.done += 1
        progress.tokens += completion.request.prompt.count + completion.tokens.count
        Console.standard.show(progress)
      }
    }
    try lines.tell(answered: progress.done)
  }
}

/// The prompts of a file, read one at a time.
private final class Lines {
  private var number: UInt64 = 0
  private var passedOver = 0

  /// Turns the standard input into the file, which `readLine` then reads piece by piece.
  init(path: String) throws {
    guard path != "-" else { return }
    let file = try OpenFile(path: path)
    guard dup2(file.descriptor, STDIN_FILENO) >= 0 else { throw FileError(.open, path: path) }
  }

  /// The next prompt, by the number of its line; nil at the end.
  func next(_ speaker: Speaker) throws -> (key: UInt64, line: PromptLine, tokens: [Int32])? {
    while let text = readLine() {
      number += 1
      guard !text.allSatisfy(\.isWhitespace) else { continue }
      do {
        let line = try Self.parse(text)
        return (number, line, try speaker.tokens(of: line))
      } catch {
        passedOver += 1
        Console.standard.note("line \(number) passed over: \(error)")
      }
    }
    return nil
  }

  private static func parse(_ text: String) throws -> PromptLine {
    guard let line = try? JSONDecoder().decode(PromptLine.self, from: Data(text.utf8)) else {
      throw PromptProblem.notAPrompt
    }
    guard line.prompt != nil || !(line.messages ?? []).isEmpty else {
      throw PromptProblem.notAPrompt
    }
    return line
  }

  func tell(answered: Int) throws {
    let aside = passedOver > 0 ? ", \(counted(passedOver, "line")) passed over" : ""
    Console.standard.note("\(answered) answered\(aside)")
    if passedOver > 0 { throw ExitKind.unverified }
  }
}
