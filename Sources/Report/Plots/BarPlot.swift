/// Horizontal bars made of parts, each with its amount: where time went, what became of records.
struct BarPlot {
  struct Bar {
    var name: String
    var parts: [(name: String, amount: Double)]
  }

  var title: String
  var bars: [Bar]
  /// An amount in words.
  var words: (Double) -> String

  private static let width = 460.0
  private static let row = 30.0
  private static let names = 108.0

  /// Parts keep their colour from bar to bar; the names follow in a list, since a bar may be short.
  var svg: Markup {
    let kinds = kinds
    let most = bars.map { $0.parts.reduce(0) { $0 + $1.amount } }.max() ?? 0
    let scale = most > 0 ? (Self.width - Self.names - 64) / most : 0
    let height = Self.row * Double(bars.count) + 8
    let body = bars.enumerated().map { row, bar in
      drawn(bar, y: 6 + Self.row * Double(row), scale: scale, kinds: kinds)
    }
    return """
      <figure class="plot"><figcaption>\(title)</figcaption>
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img" aria-label="\(title). \
      \(description)"><title>\(title)</title><desc>\(description)</desc>
      \(body)
      </svg>
      \(legend(kinds))</figure>
      """
  }

  /// The parts' names, those with the largest amounts first.
  private var kinds: [String] {
    var amounts: [String: Double] = [:]
    for part in bars.flatMap(\.parts) { amounts[part.name, default: 0] += part.amount }
    return amounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
  }

  private func drawn(_ bar: Bar, y: Double, scale: Double, kinds: [String]) -> Markup {
    var x = Self.names
    let ordered = bar.parts.sorted {
      (kinds.firstIndex(of: $0.name) ?? 0) < (kinds.firstIndex(of: $1.name) ?? 0)
    }
    var markup: Markup =
      "<text class=\"tick end\" x=\"\(Self.names - 8)\" y=\"\(y + 15)\">\(bar.name)</text>"
    for part in ordered {
      let color = min(kinds.firstIndex(of: part.name) ?? 0, 7)
      let label = "\(bar.name), \(part.name): \(words(part.amount))"
      markup +=
        """
        <rect class="part c\(color)" x="\(x)" y="\(y)" width="\(part.amount * scale)" height="20">\
        <title>\(label)</title></rect>
        """
      x += part.amount * scale
    }
    let total = bar.parts.reduce(0) { $0 + $1.amount }
    markup += "<text class=\"tick\" x=\"\(x + 6)\" y=\"\(y + 15)\">\(words(total))</text>"
    return markup
  }

  private func legend(_ kinds: [String]) -> Markup {
    let items = kinds.enumerated().map { index, name in
      "<li><span class=\"key c\(min(index, 7))\"></span>\(spaced(name))</li>" as Markup
    }
    return "<ul class=\"legend\">\(items)</ul>"
  }

  private var description: String {
    bars.map { bar in
      let parts = bar.parts.map { "\($0.name) \(words($0.amount))" }
      return "\(bar.name): \(parts.joined(separator: ", "))"
    }.joined(separator: "; ")
  }
}
