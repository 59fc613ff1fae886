"""Our own reasoner: templates, views, grounding, fusion, proposal; trained by the suite itself.

Five stages, each a folder: ``planning`` turns the sentence into atomic 2D queries, ``viewing`` says
which pictures are looked at, ``grounding`` answers each query in each picture, ``fusing`` lifts the
answers onto the surface, ``proposing`` says how to act. ``stages`` names what goes between them.
"""
