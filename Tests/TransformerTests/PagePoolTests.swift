import Testing

@testable import Transformer

struct PagePoolTests {
  private func content(_ first: Int32, after before: Int = 0) -> PageContent {
    PageContent(before: before, tokens: (0..<16).map { first + $0 })
  }

  @Test func `pages run out and come back`() {
    var pool = PagePool(count: 3)
    let pages = (0..<3).compactMap { _ in pool.take() }
    #expect(Set(pages) == [0, 1, 2])
    let none = pool.take()
    #expect(none == nil && pool.available == 0)
    pool.giveBack([pages[1]])
    #expect(pool.available == 1)
    let again = pool.take()
    #expect(again == pages[1])
  }

  @Test func `what a page holds can be shared while somebody uses it, and after`() throws {
    var pool = PagePool(count: 2)
    let taken = pool.take()
    let page = try #require(taken)
    let number = pool.name(page, content(5))
    let again = pool.share(content(5))
    #expect(again?.page == page && again?.number == number)
    pool.giveBack([page])
    pool.giveBack([page])
    #expect(pool.available == 2)
    let (left, after, other) = (
      pool.share(content(5)), pool.share(content(5, after: number)), pool.share(content(6))
    )
    #expect(left?.page == page && after == nil && other == nil)
  }

  @Test func `the page left longest ago is used again first, and its content is forgotten`() {
    var pool = PagePool(count: 3)
    let pages = (0..<3).compactMap { _ in pool.take() }
    var before = 0
    for (index, page) in pages.enumerated() {
      before = pool.name(page, content(Int32(index), after: before))
    }
    // A sequence's last pages go first: what follows a page is lost with it.
    pool.giveBack(pages)
    let shared = pool.share(content(0))
    #expect(shared?.page == pages[0])
    pool.giveBack([pages[0]])
    let taken = [pool.take(), pool.take()]
    #expect(taken == [pages[2], pages[1]])
    let kept = pool.share(content(0))
    #expect(kept?.page == pages[0])
    let none = pool.take()
    #expect(none == nil)
  }

  @Test func `the same content in a second page is the same content`() {
    var pool = PagePool(count: 2)
    let pages = (0..<2).compactMap { _ in pool.take() }
    let numbers = pages.map { pool.name($0, content(1)) }
    #expect(numbers[0] == numbers[1])
    pool.giveBack([pages[1]])
    let again = pool.take()
    #expect(again == pages[1])
    let shared = pool.share(content(1))
    #expect(shared?.page == pages[0])
  }
}
