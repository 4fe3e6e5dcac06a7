import TestSupport
import Testing
import Training
import Transformer

/// Training with int8 products both ways.
@Suite(.enabled(if: Shared.isPresent))
struct FastPathTests {
  let tiny: TinyTraining

  init() throws { tiny = try TinyTraining() }

  @Test func `the numbers are the same with one thread and with two`() throws {
    let settings = tiny.settings(.preference(SimPO()))
    let one = try tiny.run(settings, threads: 1).run { _ in }
    let two = try tiny.run(settings, threads: 2).run { _ in }
    #expect(values(one) == values(two))
  }

  @Test func `the memory for activations changes no number`() throws {
    var settings = tiny.settings(.preference(SimPO()))
    let usual = values(try tiny.run(settings).run { _ in })
    settings.keeping = .layerInputs
    #expect(values(try tiny.run(settings).run { _ in }) == usual)
  }

  @Test(arguments: [AdamW.Storage.float32, .int8])
  func `a training broken off at any of twenty places ends with the same numbers`(
    storage: AdamW.Storage
  ) throws {
    var settings = tiny.settings(.preference(SimPO()))
    settings.optimizer = storage
    settings.adapterDropout = storage == .int8 ? 0.1 : 0
    let whole = values(try tiny.run(settings).run { _ in })
    var random = CounterRandom(seed: 8, stream: "places")
    for place in 0..<(storage == .int8 ? 4 : 20) {
      let run = try tiny.run(settings, folder: tiny.folder.file("broken-\(place)"))
      let last = Int.random(in: 1...17, using: &random)
      #expect(throws: Broken.self) {
        try run.run { event in
          if case .step(let report) = event, report.step == last { throw Broken() }
        }
      }
      #expect(values(try run.run { _ in }) == whole, "broken off after step \(last)")
    }
  }

  @Test func `the loss goes the way of the float path`() throws {
    let exact = try reports(
      tiny.run(tiny.settings(.preference(SimPO()), arithmetic: .float))
    ).map(\.loss)
    let fast = try reports(tiny.run(tiny.settings(.preference(SimPO())))).map(\.loss)
    let area = exact.reduce(0, +)
    let apart = zip(exact, fast).reduce(0) { $0 + abs($1.0 - $1.1) }
    #expect(apart < 0.02 * area, "\(apart / area)")
  }

  @Test func `with dropout it learns, more slowly`() throws {
    var settings = tiny.settings(.preference(SimPO()))
    let usual = try reports(tiny.run(settings)).map(\.loss)
    settings.adapterDropout = 0.2
    let found = try reports(tiny.run(settings)).map(\.loss)
    // A fresh adapter changes nothing yet, whatever of its inputs is left out.
    #expect(found[0] == usual[0] && found != usual)
    #expect(found[17] < 0.8 * found[0])
  }

  @Test func `running means in 8 bits learn nearly the same`() throws {
    var settings = tiny.settings(.preference(SimPO()))
    let usual = try #require(try reports(tiny.run(settings)).last?.loss)
    settings.optimizer = .int8
    let small = try #require(try reports(tiny.run(settings)).last?.loss)
    #expect(abs(small - usual) < 0.1 * usual, "\(small) for \(usual)")
  }

  private struct Broken: Error {}
}
