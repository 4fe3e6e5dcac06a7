/// An amount of memory or of disk space.
public struct ByteCount: Hashable, Comparable, Sendable {
  public var bytes: Int

  public init(_ bytes: Int) { self.bytes = bytes }

  public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
  public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }
  public static func gibibytes(_ count: Int) -> ByteCount { ByteCount(count << 30) }

  public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
}

extension ByteCount: CustomStringConvertible {
  /// In the largest binary unit that keeps at least one whole, with one decimal: `1.5 GiB`.
  public var description: String {
    var amount = Double(bytes)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while abs(amount) >= 1024, unit < units.count - 1 {
      amount /= 1024
      unit += 1
    }
    guard unit > 0 else { return "\(bytes) B" }
    let tenths = Int((amount * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10)) \(units[unit])"
  }

  /// Reads `1536`, `512KiB`, `64 MiB`, `2G`; nil where the text is no such amount.
  public init?(parsing text: String) {
    let trimmed = text.filter { !$0.isWhitespace }
    let digits = trimmed.prefix { $0.isNumber || $0 == "." }
    guard let amount = Double(digits), amount >= 0 else { return nil }
    let shift: Int
    switch trimmed.dropFirst(digits.count).lowercased() {
    case "", "b": shift = 0
    case "k", "kb", "kib": shift = 10
    case "m", "mb", "mib": shift = 20
    case "g", "gb", "gib": shift = 30
    case "t", "tb", "tib": shift = 40
    default: return nil
    }
    let bytes = amount * Double(1 << shift)
    guard bytes < Double(Int.max) else { return nil }
    self.init(Int(bytes))
  }
}
