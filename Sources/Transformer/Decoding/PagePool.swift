/// What a page of the cache holds: sixteen tokens of a prompt, and by a number what stands before
/// them. Pages of equal content are equal, bit for bit, whoever computed them.
struct PageContent: Hashable {
  /// The number of the content before; 0 at the start of a text.
  let before: Int
  let tokens: [Int32]
}

/// Which pages of a cache are taken, by how many, and which hold content that others may share.
///
/// A page that nobody uses keeps its content until it is needed for something else, the one that was
/// left longest ago first.
struct PagePool {
  let count: Int
  private var users: [Int32]
  private var contents: [PageContent: Int32] = [:]
  private var named: [Named?]
  /// Given back and without content.
  private var free: [Int32] = []
  /// Pages from this one on were never used.
  private var untouched: Int32 = 0
  private var idle = IdlePages()
  private var names = 0

  private struct Named {
    let content: PageContent
    let number: Int
  }

  /// Idle pages beyond this many are used again before memory that was never touched.
  private static let comfortablyIdle = 64

  init(count: Int) {
    self.count = count
    users = Array(repeating: 0, count: count)
    named = Array(repeating: nil, count: count)
  }

  /// How many pages `take` can give out.
  var available: Int { free.count + count - Int(untouched) + idle.count }

  /// A page for content of one's own; nil where all are in use.
  mutating func take() -> Int32? {
    guard let page = unusedPage() else { return nil }
    users[Int(page)] = 1
    return page
  }

  private mutating func unusedPage() -> Int32? {
    if let page = free.popLast() { return page }
    if idle.count <= Self.comfortablyIdle, Int(untouched) < count {
      untouched += 1
      return untouched - 1
    }
    if let page = idle.popOldest() {
      if let old = named[Int(page)] { contents[old.content] = nil }
      named[Int(page)] = nil
      return page
    }
    guard Int(untouched) < count else { return nil }
    untouched += 1
    return untouched - 1
  }

  /// The page that holds `content`, now used by one more; and the content's number.
  mutating func share(_ content: PageContent) -> (page: Int32, number: Int)? {
    guard let page = contents[content], let name = named[Int(page)] else { return nil }
    if users[Int(page)] == 0 { idle.remove(page) }
    users[Int(page)] += 1
    return (page, name.number)
  }

  /// Says what a page holds from now on. Where another page holds the same, that one is shared.
  /// - Returns: the content's number.
  mutating func name(_ page: Int32, _ content: PageContent) -> Int {
    if let other = contents[content], let name = named[Int(other)] { return name.number }
    names += 1
    contents[content] = page
    named[Int(page)] = Named(content: content, number: names)
    return names
  }

  /// Gives back a sequence's pages. Its last ones are the first to be used for something else, since
  /// what follows them is lost with a page.
  mutating func giveBack(_ pages: [Int32]) {
    for page in pages.reversed() {
      users[Int(page)] -= 1
      guard users[Int(page)] == 0 else { continue }
      if named[Int(page)] == nil { free.append(page) } else { idle.append(page) }
    }
  }
}

/// Pages in the order in which they were left.
private struct IdlePages {
  private var order: [(page: Int32, stamp: Int)] = []
  private var first = 0
  private var stamps: [Int32: Int] = [:]
  private var stamp = 0

  var count: Int { stamps.count }

  mutating func append(_ page: Int32) {
    stamp += 1
    stamps[page] = stamp
    order.append((page, stamp))
  }

  mutating func remove(_ page: Int32) { stamps[page] = nil }

  mutating func popOldest() -> Int32? {
    while first < order.count {
      let (page, stamp) = order[first]
      first += 1
      if first > 1024, first * 2 > order.count {
        order.removeFirst(first)
        first = 0
      }
      if stamps[page] == stamp {
        stamps[page] = nil
        return page
      }
    }
    return nil
  }
}
