print("synpo")
