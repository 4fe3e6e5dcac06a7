import Foundation

extension JinjaInterpreter {
  private static let calendar: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    return calendar
  }()

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  private static let days = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// `date` by a format of C's `strftime`, in English and universal time.
  func formatted(_ date: Date, _ format: String) throws(ChatTemplateError) -> String {
    let parts = Self.calendar.dateComponents(
      [.year, .month, .day, .hour, .minute, .second, .weekday, .dayOfYear], from: date)
    var result = ""
    var scalars = format.unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
      guard scalar == "%" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      var letter = scalars.next()
      let isPadded = letter != "-"
      if !isPadded { letter = scalars.next() }
      guard let letter, let field = Self.field(letter, parts, isPadded: isPadded) else {
        throw .unsupported(line: line, construct: "a date written as `\(format.prefix(40))`")
      }
      result += field
    }
    return result
  }

  private static func field(
    _ letter: Unicode.Scalar, _ parts: DateComponents, isPadded: Bool
  ) -> String? {
    func number(_ value: Int?, _ width: Int = 2) -> String? {
      guard let value else { return nil }
      let text = String(value)
      let missing = isPadded ? max(0, width - text.count) : 0
      return String(repeating: "0", count: missing) + text
    }
    let month = parts.month.map { months[($0 - 1) % 12] }
    let day = parts.weekday.map { days[($0 - 1) % 7] }
    switch letter {
    case "Y": return number(parts.year, 4)
    case "y": return number(parts.year.map { $0 % 100 })
    case "m": return number(parts.month)
    case "d": return number(parts.day)
    case "H": return number(parts.hour)
    case "I": return number(parts.hour.map { ($0 + 11) % 12 + 1 })
    case "M": return number(parts.minute)
    case "S": return number(parts.second)
    case "j": return number(parts.dayOfYear, 3)
    case "p": return parts.hour.map { $0 < 12 ? "AM" : "PM" }
    case "B": return month
    case "b": return month.map { String($0.prefix(3)) }
    case "A": return day
    case "a": return day.map { String($0.prefix(3)) }
    case "%": return "%"
    default: return nil
    }
  }
}
