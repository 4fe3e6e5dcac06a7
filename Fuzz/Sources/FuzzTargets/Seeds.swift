import Bytes
import Corpus

extension FuzzTarget {
  /// JSONL of seeds: every line is a seed or kept aside, and lines that are too long, too.
  static let seeds = FuzzTarget("seeds") { bytes in
    withFile(of: bytes) { path in
      guard let file = try? OpenFile(path: path) else { return false }
      var seeds = SeedFile(file, limit: .kibibytes(1))
      var lines = 0
      do throws(CorpusError) {
        while let entry = try seeds.next() {
          lines += 1
          if case .seed(let seed) = entry { _ = try seed.line() }
        }
      } catch {
        return false
      }
      let lineFeeds = bytes.count { $0 == UInt8(ascii: "\n") }
      demand(lines <= lineFeeds + 1, "\(lines) entries of \(lineFeeds) line feeds")
      return true
    }
  }
}
