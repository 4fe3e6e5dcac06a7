import Foundation
import TestSupport
import Testing

@testable import Tokenization

/// What Jinja2 made of a template; see tools/golden/make_chat_renderings.py.
private struct Rendering: Sendable, CustomTestStringConvertible {
  let name: String
  let template: String
  let variables: [String: OrderedJSON]
  let outcome: String?
  let refusal: String?

  var testDescription: String { name }

  init?(_ json: OrderedJSON) {
    guard let name = json["name"]?.string, let template = json["template"]?.string,
      case .object(let extra) = json["extra"]
    else { return nil }
    self.name = name
    self.template = template
    var variables = Dictionary(uniqueKeysWithValues: extra.map { ($0.key, $0.value) })
    for key in ["messages", "add_generation_prompt", "bos_token", "eos_token"] {
      variables[key] = json[key]
    }
    self.variables = variables
    outcome = json["text"]?.string
    refusal = json["refusal"]?.string
  }

  static let all: [Rendering] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Golden/renderings.json")
    guard let data = try? Data(contentsOf: file),
      let json = try? OrderedJSON(parsing: Array(data))
    else { return [] }
    return (json.array ?? []).compactMap(Rendering.init)
  }()
}

/// 26 July 2024, 15:04:05, universal time.
private let goldenDate = Date(timeIntervalSince1970: 1_722_006_245)

private func render(
  _ source: String, _ variables: [String: OrderedJSON] = [:], messages: [ChatMessage] = []
) throws(ChatTemplateError) -> String {
  try ChatTemplate(source: source).render(
    messages: messages, addGenerationPrompt: false, extra: variables, date: goldenDate)
}

struct ChatTemplateTests {
  @Test func `all golden renderings are there`() { #expect(Rendering.all.count >= 80) }

  @Test(arguments: Rendering.all)
  fileprivate func `a template renders as Jinja2 renders it`(_ golden: Rendering) throws {
    do throws(ChatTemplateError) {
      let text = try render(golden.template, golden.variables)
      #expect(text == golden.outcome)
      #expect(text.utf8.elementsEqual((golden.outcome ?? "").utf8))
    } catch {
      #expect(error == .refused(reason: golden.refusal ?? "nothing was to be refused"))
    }
  }

  @Test func `ChatML is there by name`() throws {
    let text = try ChatTemplate.chatML.render(
      messages: [ChatMessage(role: "user", content: "Hi")], addGenerationPrompt: true)
    #expect(text == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
  }

  @Test func `messages need no other type than their own`() throws {
    let text = try render(
      "{% for m in messages %}{{ m.role }}:{{ m['content'] }};{% endfor %}",
      messages: [ChatMessage(role: "a", content: "b"), ChatMessage(role: "c", content: "d")])
    #expect(text == "a:b;c:d;")
  }
}

struct ChatTemplateErrorTests {
  @Test(arguments: [
    ("a\n{{ x | frobnicate }}", 2, "the filter `frobnicate`"),
    ("a\n\n{{ x is purple }}", 3, "the test `purple`"),
    ("{% include 'x' %}", 1, "the statement `include`"),
    ("\n{% for x in y recursive %}{% endfor %}", 2, "a `recursive` loop"),
    ("{{ f(*x) }}", 1, "passing arguments with `*`"),
  ])
  func `what is not known is named with its line`(
    _ source: String, _ line: Int, _ construct: String
  ) {
    #expect(throws: ChatTemplateError.unsupported(line: line, construct: construct)) {
      _ = try ChatTemplate(source: source)
    }
  }

  @Test(arguments: [
    "{% if x %}", "{% endif %}", "{{ x", "{{ 'x }}", "{{ (x }}", "{{ x) }}", "{# x", "{% raw %}x",
    "{% for %}{% endfor %}", "{% for x y %}{% endfor %}", "{{ 1 + }}", "{{ }}", "{% %}",
    "{{ a b }}",
    "{{ x ? y }}", "{% set 1 = 2 %}", "{{ [1, }}", "{{ {1} }}", "{% break %}", "{{ x | }}",
    "{% else %}", "{{ 99999999999999999999 }}", "{% macro f( %}", "{{ a. }}", "{% elif x %}",
  ])
  func `a malformed template is refused with its line`(_ source: String) {
    #expect {
      _ = try ChatTemplate(source: "\n" + source)
    } throws: { error in
      guard case .syntax(let line, _)? = error as? ChatTemplateError else { return false }
      return line == 2
    }
  }

  @Test(arguments: [
    "{{ nothing.x }}", "{{ nothing['x'] }}", "{{ nothing + 'x' }}", "{{ nothing() }}",
    "{{ 1 + 'a' }}",
    "{{ 1 // 0 }}", "{{ 1.0 / 0 }}", "{{ 'a' < 1 }}", "{% for x in 3 %}{% endfor %}",
    "{{ 1 in 'a' }}",
    "{% for a, b in [1] %}{% endfor %}", "{{ 9223372036854775807 + 1 }}", "{{ 10 ** 99 }}",
    "{% set a.b = 1 %}", "{{ 'x'.split('') }}", "{{ [1][::0] }}", "{{ 3 | length }}",
    "{{ [1, 'a'] | sort }}", "{{ 'a'.strip(1) }}", "{{ 'a'.upper(1) }}", "{{ 'a' | trim(x=1) }}",
    "{{ (-9223372036854775807 - 1) // -1 }}", "{{ range(1, 2, 0) }}", "{{ loop.cycle }}",
    "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{{ 'a'.replace('', 'b') }}",
  ])
  func `a mistake while rendering is told with its line`(_ source: String) {
    #expect {
      _ = try render("\n\n" + source)
    } throws: { error in
      guard case .failed(let line, _)? = error as? ChatTemplateError else { return false }
      return line == 3
    }
  }

  private static let runaways = [
    "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
    "{{ 'x' * 99999999999 }}",
    "{{ range(1000000) }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{{ a * b }}{% endfor %}{% endfor %}",
    "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{{ " + String(repeating: "(", count: 9999) + String(repeating: ")", count: 9999) + " }}",
    "{{ " + String(repeating: "[", count: 9999) + String(repeating: "]", count: 9999) + " }}",
    "{{ " + String(repeating: "not ", count: 9999) + "x }}",
    "{{ " + String(repeating: "-", count: 9999) + "1 }}",
    "{{ x" + String(repeating: ".y", count: 9999) + " }}",
    "{{ x" + String(repeating: " | trim", count: 9999) + " }}",
    "{{ " + String(repeating: "1 if ", count: 9999) + "1 }}",
    String(repeating: "{% if x %}", count: 9999),
    "{{ x" + String(repeating: " if x else x", count: 9999) + " }}",
  ]

  // By number: the test log would show each of them in full.
  @Test(arguments: runaways.indices)
  func `a runaway template ends in an error`(number: Int) {
    #expect {
      _ = try render(Self.runaways[number])
    } throws: { error in
      guard case .tooMuch(let line, _, _)? = error as? ChatTemplateError else { return false }
      return line == 1
    }
  }

  @Test func `long rows of operators need no deep stack`() throws {
    let sum = "{{ 0" + String(repeating: " + 1", count: 20_000) + " }}"
    #expect(try render(sum) == "20000")
    let either = "{{ 0" + String(repeating: " or 0", count: 20_000) + " }}"
    #expect(try render(either) == "0")
  }

  @Test func `the deepest allowed nesting renders`() throws {
    let nested = "{{ " + String(repeating: "(", count: 45) + "7" + String(repeating: ")", count: 45)
    #expect(try render(nested + " }}") == "7")
  }
}
