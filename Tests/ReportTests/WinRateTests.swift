import Foundation
import SynPO
import Testing

@testable import Report

struct WinRateTests {
  /// Repeatable numbers from 0 to 1.
  private func noise(_ place: Int, _ salt: Int) -> Double {
    let x = sin(Double(place) * 12.9898 + Double(salt) * 78.233) * 43758.5453
    return x - x.rounded(.down)
  }

  private func encounters(
    _ count: Int, outcome: (Int, _ own: Int, _ rival: Int) -> Double
  ) -> [Encounter] {
    (0..<count).map { place in
      let own = 20 + Int(noise(place, 1) * 100)
      let rival = 20 + Int(noise(place, 2) * 100)
      return Encounter(outcome: outcome(place, own, rival), length: own, rivalLength: rival)
    }
  }

  @Test func `ties count half`() throws {
    let encounters = [1, 1, 0, 0.5].map { Encounter(outcome: $0, length: 5, rivalLength: 5) }
    let rate = try #require(WinRate(encounters, seed: 1, stream: "t"))
    #expect(rate.raw.value == 0.625 && rate.ties == 1 && rate.longerWins == nil)
    // Without differences in length nothing can be controlled for.
    #expect(rate.lengthControlled == rate.raw)
    #expect(WinRate([], seed: 1, stream: "t") == nil)
  }

  @Test func `the fit is the likeliest one: its residuals are orthogonal to what it is fitted to`()
  {
    let encounters = encounters(200) { place, own, rival in
      noise(place, 3) < 1 / (1 + exp(-0.4 - 0.02 * Double(own - rival))) ? 1 : 0
    }
    let fit = LengthControl(encounters)
    let differences = encounters.map { Double($0.rivalLength - $0.length) }
    let mean = differences.reduce(0, +) / 200
    let deviation = (differences.reduce(0) { $0 + pow($1 - mean, 2) } / 200).squareRoot()
    var (sum, dot) = (0.0, 0.0)
    for (difference, encounter) in zip(differences, encounters) {
      let x = tanh(difference / deviation)
      let residual = encounter.outcome - 1 / (1 + exp(-(fit.slope * x + fit.constant)))
      sum += residual
      dot += residual * x
    }
    #expect(abs(sum - LengthControl.ridge * fit.constant) < 1e-6)
    #expect(abs(dot - LengthControl.ridge * fit.slope) < 1e-6)
    #expect(fit.slope < 0)
    #expect(abs(fit.winRate - 1 / (1 + exp(-fit.constant))) < 1e-12)
  }

  @Test func `who wins by length alone wins nothing at equal lengths`() throws {
    // Mostly the longer one, whoever it is; the model's answers are longer in most encounters.
    let encounters = (0..<400).map { place in
      let rival = 50 + Int(noise(place, 1) * 50)
      let own = rival + Int(noise(place, 2) * 60) - 15
      let longer = own > rival ? 1.0 : 0
      return Encounter(
        outcome: noise(place, 3) < 0.9 ? longer : 1 - longer, length: own, rivalLength: rival)
    }
    let rate = try #require(WinRate(encounters, seed: 7, stream: "length"))
    #expect(rate.raw.value > 0.65)
    #expect(rate.lengthControlled.value < rate.raw.value - 0.1)
    #expect(try #require(rate.longerWins) > 0.85)
  }

  @Test func `the rates of two rivals add up to one`() {
    let encounters = encounters(150) { place, _, _ in noise(place, 4) < 0.6 ? 1 : 0 }
    let turned = encounters.map {
      Encounter(outcome: 1 - $0.outcome, length: $0.rivalLength, rivalLength: $0.length)
    }
    #expect(abs(LengthControl(encounters).winRate + LengthControl(turned).winRate - 1) < 1e-6)
  }

  @Test func `winning everything is a rate near one, and finite`() {
    let all = encounters(100) { _, _, _ in 1 }
    let fit = LengthControl(all)
    #expect(fit.winRate > 0.99 && fit.winRate <= 1 && fit.constant.isFinite)
  }

  @Test func `scores decide, equal ones are a tie`() {
    #expect(Encounter(scores: (2, 1), answer: "ab", rival: "a").outcome == 1)
    #expect(Encounter(scores: (1, 1), answer: "ab", rival: "a").outcome == 0.5)
    #expect(Encounter(scores: (0, 1), answer: "ab", rival: "a").length == 2)
  }
}
