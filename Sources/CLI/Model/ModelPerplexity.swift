import ArgumentParser
import Foundation
import ModelFile
import Tensor
import Tokenization
import Transformer

struct ModelPerplexity: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "perplexity",
    abstract: "How well a model foretells a text.",
    discussion: """
      The text is cut into windows of --ctx-size tokens that do not overlap, each begun with the \
      token for the beginning of text where the model has one. Told are the mean negative natural \
      logarithm of the probability of a token, and its exponential.
      """)

  @Argument(
    help: "embedded, a packed model, a GGUF file or a Hugging Face folder.", completion: .file())
  var model: String

  @Option(name: .shortAndLong, help: "The text.", completion: .file())
  var file: String

  @Option(name: [.short, .long], help: "The window in tokens; the model's own limit caps it.")
  var ctxSize = 512

  @Option(
    help: """
      Read through a cache of this kind, as generation does: shows what rounding in it costs. \
      Without it nothing is rounded.
      """)
  var cache: KeyValueCache.Precision?

  @Flag(help: "One JSON object.") var json = false

  func validate() throws {
    guard ctxSize >= 2 else { throw ValidationError("--ctx-size must be at least 2.") }
  }

  func run() throws {
    try checkReadable(file)
    let packed = try PackedModels.open(model)
    let model = try LanguageModel(file: packed)
    let tokenizer = try Tokenizer(metadata: packed.metadata)
    let text = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    let tokens = tokenizer.encode(text, parseSpecial: false)
    let windows = Windows(
      tokens: tokens, size: min(ctxSize, model.contextLimit),
      start: tokenizer.definition.addsBOS ? tokenizer.bosID : nil)
    var facts = PerplexityFacts(file: file, ctxSize: windows.size)
    for window in windows.all {
      facts.add(logProbabilities(model, window))
      Console.standard.show(
        Progress(
          title: "perplexity", unit: "tokens", done: facts.tokens, total: tokens.count))
    }
    Console.standard.clear()
    guard facts.tokens > 0 else { throw ValidationError("\(file) is too short to measure.") }
    try tell(facts, json: json)
  }

  private func logProbabilities(
    _ model: LanguageModel, _ window: (prompt: [Int32], answer: [Int32])
  ) -> [Float] {
    guard let cache else {
      return model.logProbabilities([(window.prompt, [window.answer])])[0]
    }
    return model.logProbabilities(of: window.answer, after: window.prompt, cache: cache)
  }
}

/// A text cut into stretches that a model reads one at a time.
struct Windows {
  let tokens: [Int32]
  /// Tokens in a window, the start included.
  let size: Int
  /// Begins each window; nil where its own first token does, which is then not measured.
  let start: Int32?

  /// A first token, and what is to be foretold after it.
  var all: [(prompt: [Int32], answer: [Int32])] {
    let length = start == nil ? size : size - 1
    return stride(from: 0, to: tokens.count, by: length).compactMap { first in
      let window = tokens[first..<min(first + length, tokens.count)]
      if let start { return ([start], Array(window)) }
      return window.count > 1 ? ([window[first]], Array(window.dropFirst())) : nil
    }
  }
}

/// What came out.
struct PerplexityFacts: Facts {
  var file: String
  var ctxSize: Int
  var tokens = 0
  /// Mean negative log-probability of a token, in nats.
  var meanNll = 0.0
  var perplexity = 0.0

  init(file: String, ctxSize: Int) {
    self.file = file
    self.ctxSize = ctxSize
  }

  mutating func add(_ logProbabilities: some Sequence<Float>) {
    var sum = meanNll * Double(tokens)
    for value in logProbabilities {
      sum -= Double(value)
      tokens += 1
    }
    meanNll = sum / Double(max(tokens, 1))
    perplexity = exp(meanNll)
  }

  var text: String {
    "\(file)\n"
      + columns([
        ("tokens", "\(grouped(tokens)) in windows of \(ctxSize)"),
        ("mean negative log-probability", fixed(meanNll, decimals: 5)),
        ("perplexity", fixed(perplexity, decimals: 4)),
      ])
  }
}
