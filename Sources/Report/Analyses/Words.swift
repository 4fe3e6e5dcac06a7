internal import Foundation

/// Takes texts apart for counting.
enum Words {
  /// Runs of letters and digits, in lower case.
  static func of(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }

  /// All sequences of `count` words that follow each other.
  static func sequences(of count: Int, in words: [String]) -> [ArraySlice<String>] {
    guard count > 0, words.count >= count else { return [] }
    return (0...words.count - count).map { words[$0..<$0 + count] }
  }
}
