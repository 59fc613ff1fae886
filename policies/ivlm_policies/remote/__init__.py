"""A reasoner that lives in another process, on this machine or another one."""
