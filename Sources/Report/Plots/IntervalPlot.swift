internal import SynPO

/// Measured shares with their intervals by iteration, one row of marks a series.
struct IntervalPlot {
  struct Series {
    var name: String
    var marks: [(iteration: Int, estimate: Estimate)]
  }

  var title: String
  var y: String
  var series: [Series]
  /// A level to compare with, such as one half.
  var level: Double?

  private static let size = (width: 460.0, height: 220.0)

  var svg: Markup {
    let frame = Frame(size: Self.size, hasLegend: series.count > 1)
    let marks = series.flatMap(\.marks)
    let iterations = marks.map { Double($0.iteration) }
    let across = Axis(
      over: [(iterations.min() ?? 0) - 0.5, (iterations.max() ?? 0) + 0.5], pixels: frame.across)
    let up = Axis(
      over: marks.flatMap { [100 * $0.estimate.low, 100 * $0.estimate.high] }, pixels: frame.up,
      including: [level.map { 100 * $0 }].compactMap(\.self)
    ).withMargin()
    let ticks = Set(iterations).sorted()
    let line: Markup =
      level.map { level in
        """
        <line class="level" x1="\(frame.across.from)" x2="\(frame.across.to)" \
        y1="\(up.place(100 * level))" y2="\(up.place(100 * level))"/>
        """
      } ?? ""
    return frame.figure(
      title: title, description: description,
      body: [frame.grid(across: across, up: up, x: "iteration", y: y, xTicks: ticks), line]
        + series.enumerated().flatMap { index, one in
          one.marks.map { mark($0, index, across, up) }
        } + [frame.legend(series.map(\.name))])
  }

  /// Series stand beside each other, so that their intervals do not hide one another.
  private func mark(
    _ mark: (iteration: Int, estimate: Estimate), _ index: Int, _ across: Axis, _ up: Axis
  ) -> Markup {
    let shift = (Double(index) - Double(series.count - 1) / 2) * 12
    let x = across.place(Double(mark.iteration)) + shift
    let (low, high) = (up.place(100 * mark.estimate.low), up.place(100 * mark.estimate.high))
    return """
      <line class="line c\(index % 6)" x1="\(x)" x2="\(x)" y1="\(low)" y2="\(high)"/>\
      <circle class="dot c\(index % 6)" cx="\(x)" cy="\(up.place(100 * mark.estimate.value))" \
      r="4.5"/>
      """
  }

  private var description: String {
    series.map { one in
      let marks = one.marks.map {
        "iteration \($0.iteration) \(percent($0.estimate.value)) "
          + "(\(percent($0.estimate.low)) to \(percent($0.estimate.high)))"
      }
      return "\(one.name): \(marks.joined(separator: ", "))"
    }.joined(separator: "; ")
  }
}
