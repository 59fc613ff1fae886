"""U2-Netp: what stands out in a picture."""
