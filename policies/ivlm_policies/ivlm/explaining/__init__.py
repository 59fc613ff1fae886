"""Pictures and sentences that tell how an answer came about."""
