"""Pure geometry: rotations, cameras, meshes, sampling, fusion."""
