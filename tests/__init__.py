"""What Firstline promises, as tests."""
