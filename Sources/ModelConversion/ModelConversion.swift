// ModelConversion
