"""Models of the package transformers, by folder or hub id, as reasoners.

A model only says where in a picture words are (``finding.Finder``) or writes an answer
(``writing.Writer``); one file of at most 60 lines each. Planning, lifting, fusing and proposing are
those of ``ivlm``. Files whose name begins with an underscore import torch.
"""
