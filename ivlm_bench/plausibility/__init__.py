"""Is a reconstructed hand or body with its object physically plausible? Measures over meshes."""
