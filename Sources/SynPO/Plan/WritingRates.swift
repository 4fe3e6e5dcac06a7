/// How fast a model reads prompts and writes answers, as measured.
public struct WritingRates: Codable, Equatable, Sendable {
  /// Seconds for each token of a prompt.
  public var reading: Double
  /// What a step takes in which so many sequences write a token each; by number, ascending.
  public var steps: [Step]

  public struct Step: Codable, Equatable, Sendable {
    public var sequences: Int
    public var seconds: Double

    public init(sequences: Int, seconds: Double) {
      self.sequences = sequences
      self.seconds = seconds
    }
  }

  public init(reading: Double, steps: [Step]) {
    precondition(!steps.isEmpty, "rates need a step that was measured")
    self.reading = reading
    self.steps = steps
  }

  /// What a step of so many sequences takes: on a line between those measured, and beyond the
  /// largest in proportion to it.
  public func seconds(ofStep sequences: Int) -> Double {
    guard let above = steps.firstIndex(where: { $0.sequences >= sequences }) else {
      let last = steps[steps.count - 1]
      return last.seconds * Double(sequences) / Double(last.sequences)
    }
    guard above > 0 else { return steps[0].seconds }
    let (low, high) = (steps[above - 1], steps[above])
    let share = Double(sequences - low.sequences) / Double(high.sequences - low.sequences)
    return low.seconds + share * (high.seconds - low.seconds)
  }

  /// What it takes to answer `load`, `slots` sequences at a time: as soon as one ends, the next
  /// begins, until the last ones write by themselves.
  public func seconds(_ load: WritingLoad, slots: Int) -> Double {
    precondition(slots > 0, "nothing can be written without a slot")
    var seconds = Double(load.promptTokens) * reading
    var next = 0
    // Steps that each sequence still needs; the first token comes with the prompt.
    var left: [Int] = []
    while next < load.items || !left.isEmpty {
      while left.count < slots, next < load.items {
        if load.answer(next) > 1 { left.append(load.answer(next) - 1) }
        next += 1
      }
      // Nothing changes until the first of them ends.
      guard let together = left.min() else { break }
      seconds += Double(together) * self.seconds(ofStep: left.count)
      left = left.compactMap { $0 > together ? $0 - together : nil }
    }
    return seconds
  }

  /// The same machine, slower by `factor`.
  public func scaled(by factor: Double) -> WritingRates {
    WritingRates(
      reading: reading * factor,
      steps: steps.map { Step(sequences: $0.sequences, seconds: $0.seconds * factor) })
  }
}

/// Prompts to be answered, and how long the answers are: all in tokens.
public struct WritingLoad: Codable, Equatable, Sendable {
  public var items: Int
  /// Lengths of prompts and of answers with their end tokens; where there are fewer than items, they
  /// count again.
  public var prompts: [Int]
  public var answers: [Int]
  /// What all prompts begin with, which is read once.
  public var shared = 0

  public init(items: Int, prompts: [Int], answers: [Int], shared: Int = 0) {
    self.items = items
    self.prompts = prompts
    self.answers = answers
    self.shared = shared
  }

  func answer(_ index: Int) -> Int { answers.isEmpty ? 1 : answers[index % answers.count] }

  /// Tokens that have to be read.
  public var promptTokens: Int {
    guard items > 0, !prompts.isEmpty else { return 0 }
    let all = (0..<items).reduce(0) { $0 + max(prompts[$1 % prompts.count] - shared, 1) }
    return all + shared
  }
}
