import Bytes
import Foundation
import Transformer

/// A file of prompts, one JSON object a line.
struct PromptFile {
  /// `-` for the standard input.
  let path: String
  /// Answers to each prompt.
  let samples: Int
  let order: DeliveryOrder

  /// Answers all prompts, a few at a time; memory does not depend on their number.
  ///
  /// A line that is no prompt is told and passed over; the exit code then says so.
  func answer(with speaker: Speaker, atOnce slots: Int) throws {
    let lines = try Lines(path: path, samples: samples)
    var generator = speaker.makeGenerator(slots: speaker.fitting(slots), order: order)
    var progress = Progress(title: "generate", done: 0)
    while true {
      while generator.hasRoom, let request = try lines.next(speaker) { generator.add(request) }
      if generator.isIdle { break }
      for completion in generator.step() {
        let number = completion.request.key
        let answer = speaker.answer(
          to: lines.answered(number), completion, number: number, isOneOfSeveral: samples > 1)
        try Results.write(json: answer)
        progress.done += 1
        progress.tokens += completion.request.prompt.count + completion.tokens.count
        Console.standard.show(progress)
      }
    }
    try lines.tell(answered: progress.done)
  }
}

/// The prompts of a file, read one at a time and each asked for some times.
private final class Lines {
  private var number: UInt64 = 0
  private var passedOver = 0
  private let samples: Int
  /// What is asked next: a sample of the line that was read last.
  private var last: (tokens: [Int32], sample: Int)?
  /// Lines of which answers are still to come, and how many, by their numbers.
  private var open: [UInt64: (line: PromptLine, answers: Int)] = [:]

  /// Turns the standard input into the file, which `readLine` then reads piece by piece.
  init(path: String, samples: Int) throws {
    self.samples = samples
    guard path != "-" else { return }
    let file = try OpenFile(path: path)
    guard dup2(file.descriptor, STDIN_FILENO) >= 0 else { throw FileError(.open, path: path) }
  }

  /// What is to be asked next, by the number of its line; nil at the end.
  func next(_ speaker: Speaker) throws -> GenerationRequest? {
    if last == nil, let read = try read(speaker) {
      open[number] = (read.line, samples)
      last = (read.tokens, 0)
    }
    guard let (tokens, sample) = last else { return nil }
    last = sample + 1 < samples ? (tokens, sample + 1) : nil
    return GenerationRequest(key: number, sample: sample, prompt: tokens)
  }

  /// The line of that number, of which an answer has come.
  func answered(_ number: UInt64) -> PromptLine {
    guard let (line, answers) = open[number] else { return PromptLine() }
    open[number] = answers > 1 ? (line, answers - 1) : nil
    return line
  }

  private func read(_ speaker: Speaker) throws -> (line: PromptLine, tokens: [Int32])? {
    while let text = readLine() {
      number += 1
      guard !text.allSatisfy(\.isWhitespace) else { continue }
      do {
        let line = try Self.parse(text)
        return (line, try speaker.tokens(of: line))
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
