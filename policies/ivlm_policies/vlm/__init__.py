"""Vision-language models behind an OpenAI-compatible HTTP interface, asked to point.

``dialects`` says how each family is asked and how its answers are read, ``letterbox`` which square
picture it is shown, ``client`` puts one question, ``cache`` keeps what was answered, ``ledger``
counts what it costs, and ``reasoner`` puts them together.
"""
