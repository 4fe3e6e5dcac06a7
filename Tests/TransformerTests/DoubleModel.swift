import Foundation
import Tensor
import Transformer

/// A whole transformer in double precision, as plainly as it can be written: the sum of an answer's
/// log-probabilities, to be differentiated by differences.
struct DoubleModel {
  let shape: ModelShape
  /// By the names of the model's parameters, [rows, columns] each.
  var parameters: [String: [[Double]]] = [:]

  init(_ model: LanguageModel) {
    shape = model.shape
    for (name, matrix) in model.weights.parameters {
      parameters[name] = (0..<matrix.rows).map { matrix.row($0).map(Double.init) }
    }
  }

  /// Σ log p(token | tokens before it) over all tokens of an answer.
  func logProbability(of answer: [Int], after prompt: [Int]) -> Double {
    let tokens = prompt + answer
    var x = tokens.dropLast().map { self["token_embd.weight"][$0] }
    for layer in 0..<shape.layers { x = pass(x, "blk.\(layer)") }
    let output = parameters["output.weight"] ?? self["token_embd.weight"]
    return zip(x, tokens.dropFirst()).dropFirst(prompt.count - 1).reduce(0) { sum, pair in
      let logits = multiply(norm(pair.0, "output_norm.weight"), output)
      let top = logits.max() ?? 0
      return sum + logits[pair.1] - top - log(logits.reduce(0) { $0 + exp($1 - top) })
    }
  }

  private subscript(name: String) -> [[Double]] { parameters[name] ?? [] }

  private func pass(_ x: [[Double]], _ layer: String) -> [[Double]] {
    let n = x.map { norm($0, "\(layer).attn_norm.weight") }
    let gathered = attention(
      rotated(n.map { normedHeads(linear($0, "\(layer).attn_q"), "\(layer).attn_q_norm") }),
      rotated(n.map { normedHeads(linear($0, "\(layer).attn_k"), "\(layer).attn_k_norm") }),
      n.map { linear($0, "\(layer).attn_v") })
    return zip(x, gathered).map { x, gathered in
      let middle = add(x, linear(gathered, "\(layer).attn_output"))
      let n = norm(middle, "\(layer).ffn_norm.weight")
      let product = zip(linear(n, "\(layer).ffn_gate"), linear(n, "\(layer).ffn_up"))
        .map { $0 / (1 + exp(-$0)) * $1 }
      return add(middle, linear(product, "\(layer).ffn_down"))
    }
  }

  private func attention(_ q: [[Double]], _ k: [[Double]], _ v: [[Double]]) -> [[Double]] {
    let (size, shared) = (shape.headSize, shape.heads / shape.keyValueHeads)
    return q.indices.map { t in
      (0..<shape.heads).flatMap { head in
        let mine = q[t][head * size..<(head + 1) * size]
        let group = head / shared * size..<(head / shared + 1) * size
        let powers = (0...t).map { s in
          t - s < shape.slidingWindow ?? .max
            ? exp(dot(mine, k[s][group]) / Double(size).squareRoot()) : 0
        }
        let total = powers.reduce(0, +)
        return group.map { i in (0...t).reduce(0) { $0 + powers[$1] * v[$1][i] } / total }
      }
    }
  }

  /// Turns the pairs (i, i + half) of each head by position · base^(−i/half).
  private func rotated(_ rows: [[Double]]) -> [[Double]] {
    let half = shape.headSize / 2
    return rows.enumerated().map { position, row in
      var turned = row
      for start in stride(from: 0, to: row.count, by: shape.headSize) {
        for i in 0..<half {
          let angle = Double(position) * pow(Double(shape.ropeBase), -Double(i) / Double(half))
          let (a, b) = (row[start + i], row[start + i + half])
          turned[start + i] = a * cos(angle) - b * sin(angle)
          turned[start + i + half] = a * sin(angle) + b * cos(angle)
        }
      }
      return turned
    }
  }

  private func normedHeads(_ x: [Double], _ name: String) -> [Double] {
    guard parameters["\(name).weight"] != nil else { return x }
    return stride(from: 0, to: x.count, by: shape.headSize).flatMap {
      norm(Array(x[$0..<$0 + shape.headSize]), "\(name).weight")
    }
  }

  private func norm(_ x: [Double], _ weight: String) -> [Double] {
    let scale = 1 / (dot(x[...], x[...]) / Double(x.count) + Double(shape.normEpsilon)).squareRoot()
    return zip(x, self[weight][0]).map { $0 * scale * $1 }
  }

  private func linear(_ x: [Double], _ name: String) -> [Double] {
    let y = multiply(x, self["\(name).weight"])
    return parameters["\(name).bias"].map { add(y, $0[0]) } ?? y
  }

  private func multiply(_ x: [Double], _ weights: [[Double]]) -> [Double] {
    weights.map { dot($0[...], x[...]) }
  }

  private func add(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }

  private func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
