"""A DNS server on this machine, over UDP, that knows what it was told and counts what it is
asked."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """`records` by name and kind, as in a zone file.

    `silent`: it never answers; `failing`: SERVFAIL.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.silent = self.failing = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self._socket.getsockname()[1])

    def put(self, domain: str, mx: list[str], *texts: str) -> None:
        self.records[domain, "MX"] = mx
        self.records[domain, "TXT"] = [f'"{text}"' for text in texts]

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                data, sender = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            query = dns.message.from_wire(data)
            answer = self._answer(query)
            if answer is not None:
                self._socket.sendto(answer.to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        (question,) = query.question
        name, kind = (
            question.name.to_text(omit_final_dot=True),
            dns.rdatatype.to_text(question.rdtype),
        )
        self.asked.append((name, kind))
        if self.silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) not in self.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif values := self.records[name, kind]:
            answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", kind, *values))
        return answer

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._socket.close()
