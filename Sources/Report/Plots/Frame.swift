/// The ground of a plot: its size, axes with their numbers, a legend.
struct Frame {
  let size: (width: Double, height: Double)
  let hasLegend: Bool

  /// Where values are drawn, in pixels from the left, and from the bottom up.
  var across: (from: Double, to: Double) { (52, size.width - 14) }
  var up: (from: Double, to: Double) { (size.height - 40, hasLegend ? 34 : 14) }

  /// The whole plot, with a title and a description that screen readers tell.
  func figure(title: String, description: String, body: [Markup]) -> Markup {
    """
    <figure class="plot"><figcaption>\(title)</figcaption>
    <svg viewBox="0 0 \(Int(size.width)) \(Int(size.height))" role="img" aria-label="\(title). \
    \(description)"><title>\(title)</title><desc>\(description)</desc>
    \(body)
    </svg></figure>
    """
  }

  func grid(across: Axis, up: Axis, x: String, y: String, xTicks: [Double]? = nil) -> Markup {
    let columns = xTicks ?? across.ticks(6)
    let rows = up.ticks(4)
    let below = self.up.from
    return Markup(
      rows.map { tick in
        """
        <line class="grid" x1="\(self.across.from)" x2="\(self.across.to)" y1="\(up.place(tick))" \
        y2="\(up.place(tick))"/><text class="tick end" x="\(self.across.from - 6)" \
        y="\(up.place(tick) + 4)">\(Axis.label(tick, among: rows))</text>
        """
      }
        + columns.map { tick in
          """
          <text class="tick mid" x="\(across.place(tick))" y="\(below + 16)">\
          \(Axis.label(tick, among: columns))</text>
          """
        }
        + [
          """
          <line class="axis" x1="\(self.across.from)" x2="\(self.across.to)" y1="\(below)" \
          y2="\(below)"/><text class="name mid" x="\((self.across.from + self.across.to) / 2)" \
          y="\(below + 34)">\(x)</text><text class="name mid" transform="translate(12 \
          \((below + self.up.to) / 2)) rotate(-90)">\(y)</text>
          """
        ])
  }

  /// Names in their lines' colours, over the plot; none where there is but one.
  func legend(_ names: [String]) -> Markup {
    guard hasLegend else { return "" }
    var place = across.from
    return Markup(
      names.enumerated().map { index, name in
        defer { place += 28 + 6.8 * Double(name.count) }
        return """
          <rect class="key c\(index % 6)" x="\(place)" y="12" width="12" height="4"/>\
          <text class="tick" x="\(place + 16)" y="18">\(name)</text>
          """
      })
  }
}
