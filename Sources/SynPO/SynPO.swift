// SynPO
