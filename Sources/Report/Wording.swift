internal import Foundation

func fixed(_ value: Double, _ decimals: Int) -> String {
  value.isFinite ? String(format: "%.\(decimals)f", value) : "–"
}

func percent(_ share: Double) -> String { fixed(100 * share, 1) + " %" }

/// A number with as many decimals as tell something.
func plain(_ value: Double) -> String {
  switch abs(value) {
  case 0: "0"
  case ..<0.001: String(format: "%.1e", value)
  case ..<1: fixed(value, 3)
  case ..<100: fixed(value, 1)
  default: fixed(value, 0)
  }
}

/// Seconds as `m:ss`, or `h:mm:ss` from an hour on.
func clock(_ seconds: Double) -> String {
  let whole = Int(min(max(seconds.rounded(), 0), 1e9))
  let rest = String(format: "%02d", whole % 60)
  guard whole >= 3600 else { return "\(whole / 60):\(rest)" }
  return "\(whole / 3600):\(String(format: "%02d", whole / 60 % 60)):\(rest)"
}

/// `no_lead` as people write it.
func spaced(_ name: String) -> String { name.replacingOccurrences(of: "_", with: " ") }
