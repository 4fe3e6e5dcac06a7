import Foundation
import SynPO
import Tokenization
import Training
import Transformer

/// The tokens that a training would see, and which of them count.
struct LossMask {
  private let bench: Workbench
  private let lesson: Workbench.Lesson

  init(_ bench: Workbench, _ lesson: Workbench.Lesson) {
    self.bench = bench
    self.lesson = lesson
  }

  /// Prints the first examples, one token a line: part, position, id, whether it is scored, text.
  func show(first count: Int) async throws {
    let limits = bench.training(lesson).limits.within(bench.initial.model.contextLimit)
    for (index, example) in try await bench.examples(of: lesson).prefix(count).enumerated() {
      do throws(SetAside) {
        let fitted = try limits.fit(example)
        try? Results.write(text(of: fitted, index: index))
      } catch {
        try Results.write("example \(index) is set aside: \(error.rawValue)\n")
      }
    }
  }

  private func text(of example: TrainingExample, index: Int) -> String {
    let names = example.answers.count == 1 ? ["answer"] : ["chosen", "rejected"]
    let counts = zip(names, example.answers).map { ", \($0) \($1.count)" }.joined()
    var text = "example \(index): prompt \(example.prompt.count) tokens\(counts)\n"
    text += lines("prompt", example.prompt, from: 0, isScored: false)
    for (name, answer) in zip(names, example.answers) {
      text += lines(name, answer, from: example.prompt.count, isScored: true)
    }
    return text
  }

  private func lines(
    _ part: String, _ tokens: [Int32], from first: Int, isScored: Bool
  ) -> String {
    table(
      tokens.enumerated().map { index, token in
        [
          part, "\(first + index)", "\(token)", isScored ? "scored" : "-",
          quoted(bench.initial.tokenizer.decode([token])),
        ]
      })
  }
}
