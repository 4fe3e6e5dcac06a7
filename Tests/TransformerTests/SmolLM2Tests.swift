import Foundation
import ModelConversion
import ModelFile
import TestSupport
import Testing
import Transformer

private let smolLM2 = ProcessInfo.processInfo.environment["SYNPO_SMOLLM2"]

/// SmolLM2-135M-Instruct, where the variable SYNPO_SMOLLM2 leads to its GGUF file; see
/// tools/check-smollm2.
@Suite(.enabled(if: Shared.isPresent && smolLM2 != nil))
struct SmolLM2Tests {
  static let reference = "data/smollm2-135m-reference"

  @Test func `floats give PyTorch's log-probabilities and tokens`() throws {
    let reference = try ReferenceModel(importing: smolLM2 ?? "", encoding: .float32)
    let distance = reference.distance(
      to: try ReferenceModel.lines(in: "\(Self.reference)/logprobs-f32.jsonl"),
      arithmetic: .rowwise)
    print("float32 against float32: \(distance)")
    #expect(distance.largest < 1e-3)
    let continuations: [ReferenceModel.Continuation] = try ReferenceModel.lines(
      in: "\(Self.reference)/greedy-f32.jsonl")
    for text in continuations {
      #expect(
        reference.greedy(after: text.promptIds, count: text.greedyIds.count) == text.greedyIds)
    }
  }

  @Test func `int8 stays near Q8_0 weights under float activations`() throws {
    let reference = try ReferenceModel(importing: smolLM2 ?? "", encoding: .int8)
    let texts: [ReferenceModel.ScoredText] = try ReferenceModel.lines(
      in: "\(Self.reference)/logprobs-q8_0.jsonl")
    let floats = reference.distance(to: texts, arithmetic: .float)
    print("int8 weights, float activations, against Q8_0: \(floats)")
    #expect(floats.largest < 1e-3)
    let distance = reference.distance(to: texts, arithmetic: .rowwise)
    print("int8 weights and activations against Q8_0: \(distance)")
    // Rounding the weights alone moves these by 0.038 in the mean, rounding activations adds to it.
    #expect(distance.meanAbsolute < 0.08)
    #expect(distance.largestMeanShift < 0.03)
  }

  @Test func `every matrix exported as Q8_0 has the reference's digest`() throws {
    let folder = try TemporaryFolder()
    let (packed, exported) = (folder.file("model.packed"), folder.file("model.gguf"))
    _ = try ModelImport.run(from: smolLM2 ?? "", to: packed, encoding: .int8)
    try ModelExport.gguf(from: packed, to: exported, type: .q8_0)
    let file = try GGUFFile(path: exported)
    let table = try String(
      contentsOfFile: Shared.path("\(Self.reference)/q8_0_tensors.tsv"), encoding: .utf8)
    var compared = 0
    for line in table.split(separator: "\n").dropFirst() {
      let columns = line.split(separator: "\t").map(String.init)
      let tensor = try #require(file.tensor(columns[0]))
      let blocks = file.q8_0Blocks(of: tensor, rows: 0..<tensor.rows)
      #expect(sha256(blocks) == columns[4], "\(columns[0])")
      compared += 1
    }
    #expect(compared == 211)
  }
}
