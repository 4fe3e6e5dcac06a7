/// An expression of a template.
indirect enum JinjaExpression: Sendable {
  case literal(JinjaValue)
  case name(String)
  case list([JinjaExpression])
  case tuple([JinjaExpression])
  case dictionary([(key: JinjaExpression, value: JinjaExpression)])
  case attribute(JinjaExpression, String)
  case item(JinjaExpression, JinjaExpression)
  case slice(JinjaExpression, JinjaSlice)
  case call(JinjaExpression, JinjaArguments)
  case filter(JinjaExpression?, JinjaFilter, JinjaArguments)
  case test(JinjaExpression, JinjaTest, [JinjaExpression])
  case not(JinjaExpression)
  case negative(JinjaExpression)
  case positive(JinjaExpression)
  /// Operators of one level, from left to right.
  case arithmetic(JinjaExpression, [(operation: JinjaOperator, right: JinjaExpression)])
  case comparison(JinjaExpression, [(comparison: JinjaComparison, right: JinjaExpression)])
  case and([JinjaExpression])
  case or([JinjaExpression])
  case conditional(if: JinjaExpression, then: JinjaExpression, else: JinjaExpression?)
}

struct JinjaSlice: Sendable {
  var start: JinjaExpression?
  var stop: JinjaExpression?
  var step: JinjaExpression?
}

struct JinjaArguments: Sendable {
  var positional: [JinjaExpression] = []
  var named: [(name: String, value: JinjaExpression)] = []
}

enum JinjaOperator: String {
  case add = "+"
  case subtract = "-"
  case concatenate = "~"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case power = "**"
}

enum JinjaComparison: String {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case greater = ">"
  case lessOrEqual = "<="
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

/// What a loop variable or an assignment writes to.
enum JinjaTarget: Sendable {
  case name(String)
  /// An attribute of a namespace.
  case attribute(object: String, name: String)
  case tuple([JinjaTarget])
}

/// A statement, or the text or expression between statements.
struct JinjaStatement: Sendable {
  indirect enum Kind: Sendable {
    case text(String)
    case output(JinjaExpression)
    case condition([(test: JinjaExpression, body: [JinjaStatement])], else: [JinjaStatement])
    case loop(JinjaLoop)
    case assign(JinjaTarget, JinjaExpression)
    /// `{% set x %}…{% endset %}`
    case capture(JinjaTarget, body: [JinjaStatement], filter: JinjaExpression?)
    case with([(target: JinjaTarget, value: JinjaExpression)], body: [JinjaStatement])
    case macro(JinjaMacro)
    /// `{% filter … %}…{% endfilter %}`
    case filtered(JinjaExpression, body: [JinjaStatement])
    /// `{% generation %}…{% endgeneration %}`: marks what the model writes; rendered as it is.
    case generation([JinjaStatement])
    case leaveLoop
    case nextRound
  }

  let kind: Kind
  let line: Int
}

struct JinjaLoop: Sendable {
  let target: JinjaTarget
  let items: JinjaExpression
  let condition: JinjaExpression?
  let body: [JinjaStatement]
  let otherwise: [JinjaStatement]
}

struct JinjaMacro: Sendable {
  let name: String
  let parameters: [(name: String, value: JinjaExpression?)]
  let body: [JinjaStatement]
}
