"""Contact-GraspNet: ranked 6-DoF grasps from depth."""
