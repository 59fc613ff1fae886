"""Which pictures are looked at: the given ones, or ones made from depth or a mesh."""
