import Testing
import Training

struct LengthLimitsTests {
  let limits = LengthLimits(maximumLength: 10, maximumPromptLength: 4)

  @Test func `what fits is not touched`() throws {
    let example = TrainingExample(prompt: [1, 2, 3], chosen: [4, 5], rejected: [6])
    #expect(try limits.fit(example) == example)
  }

  @Test func `each answer is cut by its own budget, and the prompt keeps its end`() throws {
    let example = TrainingExample(
      prompt: Array(1...6), chosen: Array(10...19), rejected: [7, 8])
    let fitted = try limits.fit(example)
    #expect(fitted.prompt == [3, 4, 5, 6])
    #expect(fitted.answers == [Array(10...15), [7, 8]])
  }

  @Test func `a prompt gives way only as far as the longest answer needs`() throws {
    let example = TrainingExample(prompt: Array(1...6), completion: [7, 8, 9, 10, 11])
    let fitted = try limits.fit(example)
    #expect(fitted.prompt == [2, 3, 4, 5, 6])
    #expect(fitted.answers == [[7, 8, 9, 10, 11]])
  }

  @Test func `an answer keeps a token whatever the limits`() throws {
    let tight = LengthLimits(maximumLength: 2, maximumPromptLength: 9)
    let fitted = try tight.fit(TrainingExample(prompt: [1, 2, 3], completion: [4, 5, 6]))
    #expect(fitted.prompt == [3])
    #expect(fitted.answers == [[4]])
  }

  @Test func `what cannot be learnt from is set aside with its reason`() {
    #expect(throws: SetAside.emptyAnswer) {
      try limits.fit(TrainingExample(prompt: [1], chosen: [2], rejected: []))
    }
    #expect(throws: SetAside.emptyPrompt) {
      try limits.fit(TrainingExample(prompt: [], completion: [2]))
    }
    #expect(throws: SetAside.equalAnswers) {
      let answer = Array<Int32>(1...9)
      _ = try limits.fit(
        TrainingExample(prompt: [1, 2, 3, 4], chosen: answer + [50], rejected: answer + [60]))
    }
  }
}
