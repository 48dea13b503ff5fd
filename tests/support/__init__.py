"""What the tests share: real servers, the service itself, a clock, and messages."""
