public import ArgumentParser
public import Tensor
public import Transformer

extension KeyValueCache.Precision: ExpressibleByArgument {}
extension WeightEncoding: ExpressibleByArgument {}
