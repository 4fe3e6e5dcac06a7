internal import Tensor

/// A sequence under way, and where the cache has it.
struct RunningSequence {
  let request: GenerationRequest
  let ticket: Int
  /// Written so far.
  var tokens: [Int32] = []

  /// How many tokens of prompt and answer the cache already holds.
  private(set) var read = 0
  private(set) var pages: [Int32] = []
  /// Pages of the prompt whose content is named, and the number of the last one's.
  private var named = 0
  private var content = 0

  private static let pageTokens = KeyValueCache.pageTokens

  init(request: GenerationRequest, ticket: Int) {
    self.request = request
    self.ticket = ticket
  }

  var count: Int { request.prompt.count + tokens.count }
  var unread: Int { count - read }
  /// Whether it writes a token with every step now.
  var isDecoding: Bool { !tokens.isEmpty && unread == 1 }

  /// Pages that are still needed until `next` more tokens are read.
  func missingPages(for next: Int) -> Int {
    KeyValueCache.pages(for: read + next) - pages.count
  }

  /// How many of the unread tokens fit into the pages that are there.
  var room: Int { pages.count * Self.pageTokens - read }

  mutating func add(_ page: Int32) { pages.append(page) }

  /// The next tokens to be read, at most so many.
  mutating func takeUnread(atMost limit: Int) -> (position: Int, ids: [Int32]) {
    let start = read
    read += min(limit, unread)
    return (start, (start..<read).map { token($0) })
  }

  private func token(_ index: Int) -> Int32 {
    let prompt = request.prompt
    return index < prompt.count ? prompt[index] : tokens[index - prompt.count]
  }

  /// Gives its place in the cache back; everything will be read again.
  mutating func leave(_ pool: inout PagePool) {
    pool.giveBack(pages)
    pages = []
    (read, named, content) = (0, 0, 0)
  }
}

extension RunningSequence {
  /// What the next page will hold, where that is a page of the prompt which others may need, too.
  /// At least one token is left to be computed.
  var nextContent: PageContent? {
    let end = read + Self.pageTokens
    guard read == named * Self.pageTokens, pages.count == named, end <= request.prompt.count,
      end < count
    else { return nil }
    return PageContent(before: content, tokens: Array(request.prompt[read..<end]))
  }

  /// Takes over pages that others have computed.
  mutating func adopt(from pool: inout PagePool) {
    while let next = nextContent, let (page, number) = pool.share(next) {
      pages.append(page)
      read += Self.pageTokens
      named += 1
      content = number
    }
  }

  /// Lets others share the pages of the prompt that are full by now.
  mutating func publish(to pool: inout PagePool) {
    while (named + 1) * Self.pageTokens <= min(read, request.prompt.count) {
      let tokens = request.prompt[named * Self.pageTokens..<(named + 1) * Self.pageTokens]
      content = pool.name(
        pages[named], PageContent(before: content, tokens: Array(tokens)))
      named += 1
    }
  }
}
