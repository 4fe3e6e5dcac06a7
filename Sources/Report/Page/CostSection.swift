internal import Bytes
internal import SynPO

/// What the stages made and refused, where the time went, how much memory there was.
struct CostSection {
  let analysis: RunAnalysis

  var body: [Markup] {
    guard !analysis.iterations.isEmpty else { return facts }
    return [Pieces.plots([yields, times].compactMap(\.self)), refusals] + facts
  }

  private var yields: Markup? {
    guard let last = analysis.iterations.last else { return nil }
    let bars = last.stages.map { stage in
      BarPlot.Bar(
        name: stage.stage,
        parts: [("made", Double(stage.made))]
          + stage.aside.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value)) })
    }
    return BarPlot(
      title: "What became of records, iteration \(last.iteration)", bars: bars,
      words: { fixed($0, 0) }
    ).svg
  }

  private var times: Markup? {
    let bars = analysis.iterations.map { one in
      BarPlot.Bar(
        name: "iteration \(one.iteration)",
        parts: one.seconds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
    return BarPlot(title: "Where the time went", bars: bars, words: { "\(plain($0)) s" }).svg
  }

  private var refusals: Markup {
    let rows = analysis.iterations.flatMap { one in
      one.stages.filter { $0.asideTotal > 0 }.map { stage -> [Markup] in
        let reasons = stage.aside.sorted { $0.key < $1.key }.map { "\($0.value) \(spaced($0.key))" }
        return [
          "iteration \(one.iteration)", "\(stage.stage)", "\(percent(stage.yield))",
          "\(reasons.joined(separator: ", "))",
        ]
      }
    }
    guard !rows.isEmpty else { return "" }
    return Pieces.table(
      "Refused, by reason", head: ["", "stage", "yield", "reasons"], rows: rows)
  }

  private var facts: [Markup] {
    var rows: [[Markup]] = []
    if let seconds = analysis.seconds { rows.append(["time", "\(clock(seconds))"]) }
    if let own = analysis.peakOwnBytes, let mapped = analysis.peakMappedBytes {
      rows.append(["most memory of its own", "\(ByteCount(own).description)"])
      rows.append(["mapped files beside it", "\(ByteCount(mapped).description)"])
    }
    if let machine = analysis.machine {
      rows.append(["processor", "\(machine.processor), \(machine.cores) cores"])
      rows.append(["memory", "\(ByteCount(machine.memoryBytes).description)"])
      rows.append(["system", "\(machine.system)"])
    }
    return rows.isEmpty ? [] : [Pieces.table("Time, memory, machine", head: ["", ""], rows: rows)]
  }
}
