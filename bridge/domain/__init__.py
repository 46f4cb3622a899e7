"""What a mailbox is, what a hook wants and what has to be done.

Pure: time, randomness and ids are passed in.
"""
