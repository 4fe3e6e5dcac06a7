public import ArgumentParser
public import ModelConversion
public import Transformer

extension WeightEncoding: ExpressibleByArgument {}
extension ModelExport.GGUFType: ExpressibleByArgument {}
