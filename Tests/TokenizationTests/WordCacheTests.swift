import Testing

@testable import Tokenization

/// The key of `text`, with other bytes after it.
private func key(_ text: some Sequence<UInt8>, followedBy byte: UInt8 = 0) -> WordCache.Key {
  let word = Array(text)
  let bytes = word + [UInt8](repeating: byte, count: WordCache.padding)
  return WordCache.Key(bytes, 0..<word.count)
}

private func find(_ key: WordCache.Key, in cache: WordCache) -> [Int32]? {
  var ids: [Int32] = [7]
  return cache.append(key, to: &ids) ? Array(ids.dropFirst()) : nil
}

struct WordCacheTests {
  @Test(arguments: 1...24)
  func `a word is found again by its own bytes alone`(count: Int) {
    let word = (0..<count).map { UInt8($0 + 1) }
    var cache = WordCache()
    #expect(find(key(word), in: cache) == nil)
    cache.insert(key(word), [1, 2, 3])
    #expect(find(key(word, followedBy: 0xFF), in: cache) == [1, 2, 3])
    #expect(find(key(word.dropLast() + [0xAA]), in: cache) == nil)
    #expect(find(key(word.dropLast()), in: cache) == nil)
  }

  @Test func `a zero at the end is a part of the word`() {
    var cache = WordCache()
    cache.insert(key([65]), [1])
    cache.insert(key([65, 0]), [2])
    #expect(find(key([65]), in: cache) == [1])
    #expect(find(key([65, 0]), in: cache) == [2])
  }

  @Test func `what does not fit is not remembered, and what is remembered is right`() {
    var cache = WordCache()
    cache.insert(key([65]), Array(repeating: 3, count: 10)[...])
    #expect(find(key([65]), in: cache) == nil)
    let words = (0..<50_000).map { "word\($0)" }
    for (number, word) in words.enumerated() {
      cache.insert(key(word.utf8), [Int32(number), Int32(number) + 1])
    }
    let found = words.enumerated().filter { number, word in
      guard let ids = find(key(word.utf8), in: cache) else { return false }
      #expect(ids == [Int32(number), Int32(number) + 1])
      return true
    }
    // Many have kept their places.
    #expect(found.count > 5_000)
  }
}
