"""What tests of the whole bridge stand on: a billing side, a configured bridge, a private
PostgreSQL."""
