"""What a hook meets: inbox, queue, journal, money, outbox, and what may work at all."""
