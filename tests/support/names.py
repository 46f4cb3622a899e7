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

    An alias is a record of the kind CNAME. `silent`: it never answers; `failing`: SERVFAIL; or only about what stands in
    `silent_about` and `failing_about`.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.silent = self.failing = False
        self.silent_about: set[str] = set()
        self.failing_about: set[str] = set()
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
        if self.silent or name in self.silent_about:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if self.failing or name in self.failing_about:
            answer.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(answer, name, kind)
        return answer

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        seen: set[str] = set()
        while (target := self.records.get((name, "CNAME"))) and kind != "CNAME":
            answer.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", "CNAME", *target))
            if name in seen:
                return  # a loop
            seen.add(name)
            name = target[0].rstrip(".")
        if (name, kind) not in self.records:
            if not any(known == name for known, _ in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
        elif values := self.records[name, kind]:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", kind, *values))

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._socket.close()
