print("rlog")
