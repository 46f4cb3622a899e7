"""The same work done by enom-bridge and by what people would use instead; `python -m
contrib.bench.peers`.

The work: a signed hook in, a command to Enom, a look whether it is so, a signed callback out. Each
mailbox has two hooks, creation and change of password, and the second is sent as soon as the first
was answered 2xx. What is not answered 2xx is sent again, under the same id.
"""
