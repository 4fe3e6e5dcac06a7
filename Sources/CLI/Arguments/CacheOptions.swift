import ArgumentParser
import Tensor

/// How the keys and values of texts under way are kept.
struct CacheOptions: ParsableArguments {
  @Option(
    name: [.customLong("cache"), .customLong("cache-precision")],
    help: "Keys and values of texts under way; int8 takes about half the memory of f16.")
  var precision = KeyValueCache.Precision.float16
}
