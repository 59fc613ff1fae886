"""What is each part of a reasoner worth? Its defaults against one changed setting at a time."""
