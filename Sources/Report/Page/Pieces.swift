/// Parts that several sections of the page are made of.
enum Pieces {
  /// A table that scrolls sideways by itself where it is wider than the page. Cells of the first
  /// column are the rows' heads.
  static func table(_ caption: String, head: [String], rows: [[Markup]]) -> Markup {
    let heads = head.map { "<th scope=\"col\">\($0)</th>" as Markup }
    let lines = rows.map { row in
      let cells = row.enumerated().map { place, cell in
        place == 0 ? "<th scope=\"row\">\(cell)</th>" as Markup : "<td>\(cell)</td>"
      }
      return "<tr>\(cells)</tr>" as Markup
    }
    return """
      <div class="wide" tabindex="0" role="region" aria-label="\(caption)"><table>
      <caption>\(caption)</caption>
      <thead><tr>\(heads)</tr></thead><tbody>
      \(lines)
      </tbody></table></div>
      """
  }

  static func section(_ id: String, _ title: String, _ body: [Markup]) -> Markup {
    "<section id=\"\(id)\"><h2>\(title)</h2>\n\(body)\n</section>"
  }

  static func plots(_ plots: [Markup]) -> Markup { "<div class=\"plots\">\(plots)</div>" }

  /// Two texts beside each other (one below the other on a narrow page), what only one has marked.
  static func sideBySide(
    _ left: (title: String, text: String), _ right: (title: String, text: String)
  ) -> Markup {
    let pieces = WordDiff.pieces(left.text, right.text)
    func column(_ title: String, _ pieces: [WordDiff.Piece], _ tag: Markup) -> Markup {
      let text = pieces.map { piece -> Markup in
        piece.isCommon ? "\(piece.words)" : "<\(tag)>\(piece.words)</\(tag)>"
      }
      let joined = text.reduce(into: "" as Markup) { $0 += $1 }
      return "<div><h4>\(title)</h4><p class=\"said\">\(joined)</p></div>"
    }
    return """
      <div class="sides">\(column(left.title, pieces.first, "ins"))\
      \(column(right.title, pieces.second, "del"))</div>
      """
  }

  /// A value with its interval: `42.0 % (35.1–49.0)`.
  static func interval(_ share: (value: Double, low: Double, high: Double)) -> Markup {
    """
    \(percent(share.value)) <span class="faint">(\(fixed(100 * share.low, 1))–\
    \(fixed(100 * share.high, 1)))</span>
    """
  }
}
