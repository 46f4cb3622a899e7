"""What every part stands on: calls that leave, encryption, events, logs, output."""
