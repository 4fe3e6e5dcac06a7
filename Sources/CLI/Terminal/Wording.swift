import Foundation

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

/// A number with as many decimals as tell something: `0.123`, `8.1`, `940`.
func decimal(_ value: Double) -> String {
  switch abs(value) {
  case 100...: fixed(value, decimals: 0)
  case 1...: fixed(value, decimals: 1)
  default: fixed(value, decimals: 3)
  }
}

func fixed(_ value: Double, decimals: Int) -> String {
  String(format: "%.\(decimals)f", value)
}

/// Seconds as `m:ss`, or `h:mm:ss` from an hour on.
func clock(_ seconds: Double) -> String {
  let whole = Int(min(max(seconds.rounded(), 0), 1e9))
  let (hours, minutes) = (whole / 3600, whole / 60 % 60)
  let rest = twoDigits(whole % 60)
  return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(rest)" : "\(minutes):\(rest)"
}

private func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

/// A count with its digits in groups of three: `1,234,567`.
func grouped(_ count: Int) -> String {
  var text = ""
  let digits = String(count.magnitude)
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
    text.append(digit)
  }
  return count < 0 ? "-" + text : text
}

/// Such as `1 line` and `2 lines`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// Names and what there is to say of them, in two columns.
func columns(_ rows: [(String, String)]) -> String {
  let width = rows.map(\.0.count).max() ?? 0
  return rows.map { name, value in
    "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)\n"
  }.joined()
}

/// Rows of equally many cells, the first to the left, the others to the right of their columns.
func table(_ rows: [[String]]) -> String {
  let widths = (rows.first ?? []).indices.map { column in
    rows.map { $0[column].count }.max() ?? 0
  }
  return rows.map { row in
    let cells = zip(row, widths).enumerated().map { index, cell in
      let space = String(repeating: " ", count: cell.1 - cell.0.count)
      return index == 0 ? cell.0 + space : space + cell.0
    }
    var line = "  " + cells.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }.joined()
}

func percent(_ share: Double) -> String { fixed(100 * share, decimals: 1) + "%" }

func share(_ part: Int, _ whole: Int) -> String { percent(Double(part) / Double(max(whole, 1))) }

/// The beginning of a text, on one line.
func oneLine(_ text: String, limit: Int = 200) -> String {
  let line = text.split(whereSeparator: \.isNewline).joined(separator: " / ")
  return line.count > limit ? line.prefix(limit) + "…" : line
}

extension String {
  /// Itself, with spaces up to `width` characters.
  func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
