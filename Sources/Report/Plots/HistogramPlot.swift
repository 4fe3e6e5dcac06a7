/// One or more distributions over the same range, as outlines one over the other.
struct HistogramPlot {
  var title: String
  var x: String
  var sets: [(name: String, distribution: Distribution)]

  private static let size = (width: 460.0, height: 200.0)

  /// Bars are shares of each set, so that sets of different size can be compared.
  var svg: Markup {
    let frame = Frame(size: Self.size, hasLegend: sets.count > 1)
    let across = Axis(
      over: sets.flatMap { [$0.distribution.low, $0.distribution.high] }, pixels: frame.across)
    let shares = sets.map { set in
      set.distribution.bins.map { Double($0) / Double(max(set.distribution.count, 1)) }
    }
    let up = Axis(over: shares.flatMap(\.self), pixels: frame.up, including: [0])
    let outlines = zip(sets, shares).enumerated().map { index, set in
      outline(set.0.distribution, set.1, across, up, index)
    }
    return frame.figure(
      title: title, description: description,
      body: [frame.grid(across: across, up: up, x: x, y: "share")] + outlines + [
        frame.legend(sets.map(\.name))
      ])
  }

  private func outline(
    _ set: Distribution, _ shares: [Double], _ across: Axis, _ up: Axis, _ index: Int
  ) -> Markup {
    let width = (set.high - set.low) / Double(max(shares.count, 1))
    var points = ["\(fixed(across.place(set.low), 1)),\(fixed(up.place(0), 1))"]
    for (place, share) in shares.enumerated() {
      for edge in [place, place + 1] {
        let x = across.place(set.low + Double(edge) * width)
        points.append("\(fixed(x, 1)),\(fixed(up.place(share), 1))")
      }
    }
    points.append("\(fixed(across.place(set.high), 1)),\(fixed(up.place(0), 1))")
    return "<polygon class=\"area c\(index % 6)\" points=\"\(points.joined(separator: " "))\"/>"
  }

  private var description: String {
    sets.map { set in
      let numbers = set.distribution
      return "\(set.name): median \(plain(numbers.median)), nine in ten below "
        + "\(plain(numbers.ninetieth))"
    }.joined(separator: "; ")
  }
}
