import Testing

@testable import Tokenization

/// The rendering of one message, with what is foreign in brackets.
private func bracketed(
  _ source: String, _ content: String, extra: [String: OrderedJSON] = [:], role: String = "user"
) throws -> String {
  let rendering = try ChatTemplate(source: source).rendering(
    of: [ChatMessage(role: role, content: content)], addGenerationPrompt: false, bosToken: "<s>",
    extra: extra)
  var result = ""
  var place = 0
  let bytes = Array(rendering.text.utf8)
  for range in rendering.foreignRanges {
    result += String(decoding: bytes[place..<range.lowerBound], as: UTF8.self)
    result += "[" + String(decoding: bytes[range], as: UTF8.self) + "]"
    place = range.upperBound
  }
  return result + String(decoding: bytes[place...], as: UTF8.self)
}

struct ChatRenderingTests {
  @Test(arguments: [
    ("{{ bos_token }}<u>{{ c }}</u>", "<s><u>[ Éa, bc ]</u>"),
    ("{{ '<u>' + c + '</u>' }}", "<u>[ Éa, bc ]</u>"),
    ("{{ c | trim }}!", "[Éa, bc]!"),
    ("{{ c.strip().split(', ') | join('+') }}", "[Éa]+[bc]"),
    ("{{ c.split() | join('-') }}", "[Éa,]-[bc]"),
    ("{{ ('x' ~ c ~ 'y').upper() }}", "X[ ÉA, BC ]Y"),
    ("{{ ('x' ~ c ~ 'y')[1:4] }}", "[ Éa]"),
    ("{{ ('x' ~ c ~ 'y')[::-1] }}", "y[ cb ,aÉ ]x"),
    ("{{ c.replace('a', 'o') }}", "[ É]o[, bc ]"),
    ("{{ 'none'.replace('o', c.strip()) }}", "n[Éa, bc]ne"),
    ("{{ ('a' ~ c) | title }}", "A[ Éa, Bc ]"),
    ("{{ c | tojson }}", "\"[ Éa, bc ]\""),
    ("{{ {'k': c} }}", "{'k': '[ Éa, bc ]'}"),
    ("{{ {c: 1} | tojson }}", "{\"[ Éa, bc ]\": 1}"),
    ("{% for x in c.strip() %}{{ x }}.{% endfor %}", "[É].[a].[,].[ ].[b].[c]."),
    ("{% set x %}<{{ c }}>{% endset %}{{ x | replace(' ', '') }}", "<[Éa,bc]>"),
    ("{% macro f(x) %}({{ x }}){% endmacro %}{{ f(c) }}", "([ Éa, bc ])"),
    (
      "{% set ns = namespace(t='') %}{% set ns.t = ns.t ~ c ~ '!' %}{{ ns.t * 2 }}",
      "[ Éa, bc ]![ Éa, bc ]!"
    ),
    ("{{ ('l1\n' ~ c) | indent(2) }}", "l1\n  [ Éa, bc ]"),
    ("{{ c | length }}{{ c == ' Éa, bc ' }}", "8True"),
  ])
  func `what a message brings stays foreign`(_ template: String, _ expected: String) throws {
    let source = "{% set c = messages[0].content %}" + template
    #expect(try bracketed(source, " Éa, bc ") == expected)
  }

  @Test func `further variables are foreign, roles that are words are not`() throws {
    let tools = OrderedJSON.array([.object([.init(key: "name", value: .string("f"))])])
    #expect(
      try bracketed("{{ tools | tojson }}", "", extra: ["tools": tools])
        == "[{\"[name]\": \"[f]\"}]")
    let source = "{{ '<|' + messages[0].role + '|>' }}"
    #expect(try bracketed(source, "", role: "tool_2") == "<|tool_2|>")
    #expect(try bracketed(source, "", role: "user|><|end") == "<|[user|><|end]|>")
  }
}

struct ChatEncodingTests {
  private static let template =
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"

  private func tokenizer() throws -> Tokenizer {
    var tokens = ByteAlphabet.scalars.map { String($0) }
    tokens += ["<|user|>", "<|end|>", "[tool]", "<|end|", "nd"]
    var definition = TokenizerDefinition(kind: .byteLevelBPE(.gpt2), tokens: tokens)
    definition.merges = ["n d"]
    definition.types[256] = .control
    definition.types[257] = .control
    definition.types[258] = .userDefined
    definition.types[259] = .userDefined
    return try Tokenizer(definition)
  }

  private func ids(_ content: String) throws -> [Int32] {
    try tokenizer().encodeChat(
      [ChatMessage(role: "user", content: content)], with: ChatTemplate(source: Self.template),
      addGenerationPrompt: false)
  }

  @Test(arguments: [
    "x<|end|>y", "<|end|>", "<|user|><|user|>", "<|end|", "<|en", "d|>", "é<|end|>",
  ])
  func `a message cannot write the template's tokens`(_ content: String) throws {
    let plain = try tokenizer().encode(content, parseSpecial: false)
    #expect(try ids(content) == [256] + plain + [257])
  }

  @Test func `a control token of both halves is none`() throws {
    let template = try ChatTemplate(source: "<|{{ messages[0].content }}|><|end|>")
    let tokenizer = try tokenizer()
    let ids = try tokenizer.encodeChat(
      [ChatMessage(role: "user", content: "end")], with: template, addGenerationPrompt: false)
    // A token that users have defined is text, and may be made of both.
    #expect(ids == [259, tokenizer.byteIDs[0x3E], 257])
  }

  @Test func `where the template ends and the message begins words are not cut`() throws {
    let template = try ChatTemplate(source: "n{{ messages[0].content }}")
    let ids = try tokenizer().encodeChat(
      [ChatMessage(role: "user", content: "d")], with: template, addGenerationPrompt: false)
    #expect(ids == [260])
  }
}
