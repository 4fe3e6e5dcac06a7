import Foundation
import Testing

@testable import Report

struct PageTests {
  @Test func `words in markup are escaped, markup is not`() {
    let evil = "<script>alert('x')</script> & \"quotes\"\u{0}"
    let bold: Markup = "<b>\(evil)</b>"
    let page: Markup = "<p title=\"\(evil)\">\(bold)</p>"
    #expect(!page.text.contains("<script>"))
    #expect(
      bold.text
        == "<b>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot;\u{FFFD}</b>"
    )
    #expect(page.text.hasPrefix("<p title=\"&lt;script"))
    #expect(page.text.hasSuffix("\(bold.text)</p>"))
  }

  @Test func `a word diff marks what only one has, and loses no character`() {
    let (first, second) = WordDiff.pieces("the  old cat sat\nhere", "the cat sat down here")
    #expect(first.map(\.words).joined() == "the  old cat sat\nhere")
    #expect(second.map(\.words).joined() == "the cat sat down here")
    #expect(first.filter { !$0.isCommon }.map(\.words) == ["old "])
    #expect(second.filter { !$0.isCommon }.map(\.words) == ["down "])
    #expect(WordDiff.pieces("", "new").second == [.init(words: "new", isCommon: false)])
  }

  @Test func `very long texts are shown without marks instead of taking all memory`() {
    let long = String(repeating: "word ", count: 5000)
    #expect(WordDiff.pieces(long, long + "more").second.count == 1)
  }

  @Test(arguments: [
    ([0.0, 1.0], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), ([3, 47], [10, 20, 30, 40]),
    ([-0.02, 0.05], [-0.02, 0, 0.02, 0.04]),
  ])
  func `ticks are round numbers on the axis`(ends: [Double], ticks: [Double]) {
    let found = Axis(over: ends, pixels: (0, 100)).ticks(5)
    #expect(found.count == ticks.count, "\(found)")
    for (one, other) in zip(found, ticks) { #expect(abs(one - other) < 1e-12) }
  }

  @Test func `an axis of one value, of none, of what is not finite has room`() {
    for values in [[5.0], [], [.nan, .infinity]] {
      let axis = Axis(over: values, pixels: (10, 20))
      #expect(axis.values.lowerBound < axis.values.upperBound)
      #expect((10...20).contains(axis.place(5)))
      #expect(!axis.ticks().isEmpty)
    }
  }

  @Test func `tick labels tell neighbours apart`() {
    #expect(Axis.label(0.25, among: [0.2, 0.25, 0.3]) == "0.25")
    #expect(Axis.label(40, among: [20, 40]) == "40")
    #expect(Axis.label(0.5, among: [0, 0.5, 1]) == "0.5")
  }

  @Test func `a plot can be read by those who do not see it`() {
    let plot = LinePlot(
      title: "Loss <of> all", x: "step", y: "nats",
      lines: [.init(name: "policy", points: (0..<5).map { (Double($0), 2 - 0.1 * Double($0)) })]
    ).svg.text
    #expect(plot.contains("role=\"img\"") && plot.contains("policy: 2.0 to 1.6"))
    #expect(plot.contains("Loss &lt;of&gt; all") && !plot.contains("<of>"))
    #expect(isWellFormed(plot))
  }

  /// Every tag that is opened is closed, in order.
  private func isWellFormed(_ text: String) -> Bool {
    var open: [Substring] = []
    for part in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
      let tag = part.prefix { $0 != ">" }
      if tag.hasSuffix("/") { continue }
      let name = tag.prefix { $0 != " " }
      if name.hasPrefix("/") {
        guard open.popLast() == name.dropFirst() else { return false }
      } else {
        open.append(name)
      }
    }
    return open.isEmpty
  }
}
