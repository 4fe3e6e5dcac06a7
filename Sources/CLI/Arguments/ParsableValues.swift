public import ArgumentParser
public import Transformer

extension WeightEncoding: ExpressibleByArgument {}
