"""From a field on the surface to grasps, motions, placements and abstentions."""
