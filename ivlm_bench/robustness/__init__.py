"""Does the ranking of methods hang on a choice that the protocol could have made otherwise?"""
