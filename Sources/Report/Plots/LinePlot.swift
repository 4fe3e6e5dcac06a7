/// Lines over a common axis, as SVG that takes its colours from the page.
struct LinePlot {
  struct Line {
    var name: String
    var points: [(x: Double, y: Double)]
  }

  var title: String
  var x: String
  var y: String
  var lines: [Line]
  /// Values that the vertical axis has to show.
  var including: [Double] = []

  private static let size = (width: 460.0, height: 220.0)
  /// More points than pixels only make the page heavy.
  private static let mostPoints = 400

  var svg: Markup {
    let frame = Frame(size: Self.size, hasLegend: lines.count > 1)
    let across = Axis(over: lines.flatMap { $0.points.map(\.x) }, pixels: frame.across)
    let up = Axis(
      over: lines.flatMap { $0.points.map(\.y) }, pixels: frame.up, including: including
    ).withMargin()
    // Few whole numbers, such as iterations, are all told, and nothing between.
    let places = Set(lines.flatMap { $0.points.map(\.x) }).sorted()
    let isCounted = places.count <= 12 && places.allSatisfy { $0 == $0.rounded() }
    let drawn = lines.enumerated().map { index, line in
      let points = thinned(line.points).map {
        "\(fixed(across.place($0.x), 1)),\(fixed(up.place($0.y), 1))"
      }
      return "<polyline class=\"line c\(index % 6)\" points=\"\(points.joined(separator: " "))\"/>"
        as Markup
    }
    return frame.figure(
      title: title, description: description,
      body: [frame.grid(across: across, up: up, x: x, y: y, xTicks: isCounted ? places : nil)]
        + drawn + [
          frame.legend(lines.map(\.name))
        ])
  }

  /// What there is to see, for those who cannot.
  private var description: String {
    lines.map { line in
      let ends = [line.points.first, line.points.last].compactMap { $0.map { plain($0.y) } }
      return "\(line.name): \(ends.joined(separator: " to "))"
    }.joined(separator: "; ")
  }

  /// At most ``mostPoints``, each the mean of those around it.
  private func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let stride = (points.count + Self.mostPoints - 1) / Self.mostPoints
    guard stride > 1 else { return points }
    return Swift.stride(from: 0, to: points.count, by: stride).map { start in
      let part = points[start..<min(start + stride, points.count)]
      let count = Double(part.count)
      return (part.reduce(0) { $0 + $1.x } / count, part.reduce(0) { $0 + $1.y } / count)
    }
  }
}
