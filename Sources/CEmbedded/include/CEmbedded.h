// The embedded model.
